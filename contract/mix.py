"""`/ 95, /db/10 5`: what a load asks for, paths or names of requests, with weights where there are
several.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

MOST_KINDS = 8
"""More are not told apart."""
REQUEST_NAME = r"[a-z][a-z0-9_]*"
ENTRY = rf"(/[!-+\--~]*|{REQUEST_NAME})( +\d+(\.\d+)?)?"
"""A path of visible ASCII, or a name, and its weight; a comma ends it."""
PATTERN = rf"^{ENTRY}( *, *{ENTRY})*$"
"""What every mix looks like, for editors."""


class MixError(ValueError):
    """The text of a mix cannot be read; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A request path, or a request by its name, and its share of all requests, from 0 to 1."""

    path: str
    share: float


def parse_mix(text: str) -> tuple[Kind, ...]:
    """The kinds of requests of a mix, or of a path alone. Raises MixError."""
    weights: dict[str, float] = {}
    for entry in (entry.strip() for entry in text.split(",")):
        if re.fullmatch(ENTRY, entry, re.ASCII) is None:
            raise MixError(
                f"{entry!r} is not a path, or a path and its weight like `/db/10 5`; a request of "
                "`requests` is named in small letters"
            )
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


def unknown_names(text: str, known: Collection[str], whose: str) -> list[str]:
    """What is wrong with the names in a mix; `whose` server has requests of the known ones."""
    names = ", ".join(known)
    return [
        f"path: {kind.path!r} is not a path, nor the name of a request: "
        + (f"{whose} has {names}" if known else f"{whose} has none under `requests`")
        for kind in parse_mix(text)
        if not kind.path.startswith("/") and kind.path not in known
    ]
