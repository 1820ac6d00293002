"""How quick reports and comparisons are."""
