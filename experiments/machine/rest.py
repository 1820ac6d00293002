"""Waiting until nothing else uses the machine."""

from __future__ import annotations

import time
from typing import Final

import psutil

from experiments.machine.checks import BUSY

LOOK_S: Final = 1.0
LONGEST_S: Final = 60.0


def await_rest(limit_s: float = LONGEST_S) -> bool:
    """Wait until the machine rested for a second; whether it did within `limit_s`.

    This process waits, and what the lab has up rests between trials.
    """
    deadline = time.monotonic() + limit_s
    while psutil.cpu_percent(LOOK_S) / 100 > BUSY:
        if time.monotonic() > deadline:
            return False
    return True
