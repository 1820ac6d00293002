"""Waiting until nothing else uses the machine."""

from __future__ import annotations

import time
from typing import Final

import psutil

from experiments.machine.checks import BUSY

LOOK_S: Final = 1.0
LONGEST_S: Final = 60.0


class Rest:
    """Called, it waits until the machine has rested for a second, and tells whether it has.

    All its calls together wait for `limit_s`: what is busy for longer will not rest for us. This
    process waits meanwhile, and what the lab has up rests between trials.
    """

    def __init__(self, limit_s: float = LONGEST_S) -> None:
        self._left_s = limit_s

    def __call__(self) -> bool:
        began = time.monotonic()
        try:
            while time.monotonic() - began < self._left_s:
                if psutil.cpu_percent(LOOK_S) / 100 <= BUSY:
                    return True
        finally:
            self._left_s -= time.monotonic() - began
        return False
