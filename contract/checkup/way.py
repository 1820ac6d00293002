"""How a check-up loads a server: over connections that stay, or with one for each request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from contract.checkup.description import CLOSED, CROWD
from contract.outcomes import MEASURED


@dataclass(frozen=True, slots=True)
class Way:
    """`load` is that of its open loops; `guess_per_s` what it had in a closed one; `warm_up_s` how
    long it took until its rate was steady there, where somebody looked."""

    load: str
    guess_per_s: float
    warm_up_s: float


def way_of(rows: Iterable[Mapping[str, Any]]) -> Way | None:
    """By the rows of the planned trials of one server, the first of each kind that was measured;
    None where it served nobody in any.

    Connections stay where it keeps them and serves all of them. A pool that keeps each of its
    workers for one connection leaves the others waiting: users of such a server come one by one.
    """
    measured: dict[str, Mapping[str, Any]] = {}
    for one in rows:
        if one["validity"] in MEASURED:
            measured.setdefault(one["sweep"], one)
    for sweep, load in ((CLOSED, "open_loop"), (CROWD, "open_connections")):
        if (row := measured.get(sweep)) and row["requests_per_s"]:
            return Way(load, row["requests_per_s"], row["warmed_up_s"] or 0.0)
    return None
