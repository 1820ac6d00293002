"""An answer to each question, from its trials."""
