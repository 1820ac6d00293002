"""Two servers of a check-up that are asked by turns: side by side, and what changed."""
