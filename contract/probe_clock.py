"""Whose clock the probe has."""

OWN_CLOCK = "own"
OTHER_CLOCK = "other"
CLOCKS = (OWN_CLOCK, OTHER_CLOCK)
"""Of the load's machine, or of another one."""
