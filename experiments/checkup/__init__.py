"""A check-up: a run whose trials depend on what those before them found, and ask a server ten
minutes of questions."""
