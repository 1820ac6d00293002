"""A fixed loop that tells how fast a core is: the probe runs it on the server's core and each load
worker on its own, before the warm-up and after the window.
"""

from __future__ import annotations

import statistics
import time

PARTS = 5
"""An interrupt, or a neighbour's burst, lengthens one of them and not their median."""
STEPS = 20_000
"""Additions of a part: about a millisecond."""


def core_loop_us() -> float:
    """Processor time of the calling thread for STEPS steps, median of PARTS; what else runs on the
    core meanwhile is not in it."""
    return statistics.median(_part_us() for _ in range(PARTS))


def _part_us() -> float:
    value, began_ns = 1, time.thread_time_ns()
    for step in range(STEPS):
        value = (value * 3 + step) & 0xFFFF
    return (time.thread_time_ns() - began_ns) / 1e3
