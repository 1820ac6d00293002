"""The server's core, on which the probe runs a fixed loop before and after a window.

Its container may use that core for this alone: between, the probe stays off it.
"""

from __future__ import annotations

import os

from contract.core_loop import core_loop_us


def stay_off(core: int) -> None:
    """Keep this process on the other cores that it may use."""
    if rest := os.sched_getaffinity(0) - {core}:
        os.sched_setaffinity(0, rest)


def loop_on(core: int) -> float | None:
    """How long the fixed loop takes there, in us; None on a core that is not this container's."""
    usual = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {core})
    except OSError:
        return None
    try:
        return core_loop_us()
    finally:
        os.sched_setaffinity(0, usual)
