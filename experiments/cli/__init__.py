"""How the commands answer: options, errors, exit codes, reports."""
