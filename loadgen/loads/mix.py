"""Several kinds of requests in one load, each with a weight and a histogram of its own."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle

from loadgen.engine.measures import Exchange

DRAWN = 10_000
"""Kinds are drawn once and repeated: drawing costs more than a request may."""
MOST_KINDS = 8
_ENTRY = re.compile(r"(/[!-~]*)(?:\s+(\d+(?:\.\d+)?))?")


class MixError(ValueError):
    """The text of a mix cannot be read; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A request path and its share of all requests, from 0 to 1."""

    path: str
    share: float


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


def parse_mix(text: str) -> tuple[Kind, ...]:
    """Read `/ 95, /db/10 5`: paths, and weights where there are several. Raises MixError."""
    entries = [entry.strip() for entry in text.split(",")]
    found = [_ENTRY.fullmatch(entry) for entry in entries]
    for entry, match in zip(entries, found, strict=True):
        if match is None:
            raise MixError(f"{entry!r} is not a path, or a path and its weight like `/db/10 5`")
    pairs = [(match[1], float(match[2] or 1)) for match in found if match]
    paths = [path for path, _ in pairs]
    if len(set(paths)) < len(paths):
        raise MixError(f"{text!r} names a path twice")
    if len(paths) > MOST_KINDS:
        raise MixError(f"{len(paths)} paths; at most {MOST_KINDS} are told apart")
    total = sum(weight for _, weight in pairs)
    if total <= 0:
        raise MixError(f"the weights of {text!r} add up to nothing")
    return tuple(Kind(path, weight / total) for path, weight in pairs if weight)
