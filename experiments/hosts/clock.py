"""How far the clock of another machine is off, by round trips."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Final

LOOKS: Final = 5


@dataclass(frozen=True, slots=True)
class Offset:
    """Its clock less this machine's, in s; the truth is within `bound_s` of it."""

    offset_s: float
    bound_s: float


def offset_of(
    ask: Callable[[], str], looks: int = LOOKS, now: Callable[[], float] = time.time
) -> Offset:
    """`ask` returns the time there, in ISO 8601, as of some moment between question and answer. Of
    several round trips the shortest tells most: its middle is off by half of it at most. One that
    ended before it began, as this clock was set back meanwhile, tells nothing."""
    found: list[Offset] = []
    for turn in count(1):
        asked = now()
        there = datetime.fromisoformat(ask()).timestamp()
        answered = now()
        if answered >= asked:
            found.append(Offset(there - (asked + answered) / 2, (answered - asked) / 2))
        if found and turn >= looks:
            break
    return min(found, key=lambda one: one.bound_s)
