"""The page of a check-up, from its records: an answer and a mark for each question."""
