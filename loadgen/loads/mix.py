"""Several kinds of requests in one load, each with a weight and a histogram of its own."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle

from contract.mix import Kind
from loadgen.engine.measures import Exchange

DRAWN = 10_000
"""Kinds are drawn once and repeated: drawing costs more than a request may."""


@dataclass(frozen=True, slots=True)
class Mix:
    """What is asked, kind by kind: path, share, and the verified exchange."""

    kinds: tuple[Kind, ...]
    exchanges: tuple[Exchange, ...]
    seed: int = 0

    def draw(self) -> Callable[[], int]:
        """A function that returns the number of the next kind, for ever; repeatable by seed."""
        choose = random.Random(self.seed).choices  # noqa: S311 - a simulation, not a secret
        shares = [kind.share for kind in self.kinds]
        return cycle(choose(range(len(self.kinds)), shares, k=DRAWN)).__next__
