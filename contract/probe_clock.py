"""Whose clock the probe has."""

OWN_CLOCK = "own"
OTHER_CLOCK = "other"
CLOCKS = (OWN_CLOCK, OTHER_CLOCK)
"""Whose clock the probe reads: that of the load's machine, or another one's."""
