"""`/ 95, /db/10 5`: the paths that a load asks for, with weights where there are several."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_KINDS = 8
"""More are not told apart."""
ENTRY = r"/[!-+\--~]*( +\d+(\.\d+)?)?"
"""A path of visible ASCII, and its weight; a comma ends it."""
PATTERN = rf"^{ENTRY}( *, *{ENTRY})*$"
"""What every mix looks like, for editors."""


class MixError(ValueError):
    """The text of a mix cannot be read; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A request path and its share of all requests, from 0 to 1."""

    path: str
    share: float


def parse_mix(text: str) -> tuple[Kind, ...]:
    """The kinds of requests of a mix, or of a path alone. Raises MixError."""
    weights: dict[str, float] = {}
    for entry in (entry.strip() for entry in text.split(",")):
        if re.fullmatch(ENTRY, entry, re.ASCII) is None:
            raise MixError(f"{entry!r} is not a path, or a path and its weight like `/db/10 5`")
        path, *weight = entry.split()
        if path in weights:
            raise MixError(f"{text!r} names a path twice")
        weights[path] = float(weight[0]) if weight else 1.0
    if len(weights) > MOST_KINDS:
        raise MixError(f"{len(weights)} paths; at most {MOST_KINDS} are told apart")
    total = sum(weights.values())
    if total <= 0:
        raise MixError(f"the weights of {text!r} add up to nothing")
    return tuple(Kind(path, weight / total) for path, weight in weights.items() if weight)
