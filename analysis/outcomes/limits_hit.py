"""Limits that servers reached: a wall of their own, with how far they went."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.records.words import limit_reached
from contract.outcomes import went_as_far_as

COUNTED = ("active_established", "idle_established", "server_established", "watched_held")
UNNAMED = "a limit that its log does not name"


@dataclass(frozen=True, slots=True)
class LimitHit:
    """A server stopped at a limit.

    `held`: connections that it held, median over the trials (NaN if not known),
    `lowest` to `highest`; `asked`: connections that the trial asked for. In a trial
    without clients they are descriptors; `of` has the word.
    """

    server: str
    limit: str
    asked: int
    held: float
    lowest: float
    highest: float
    trials: int
    of: str = "connections"


def held_connections(trials: pd.DataFrame) -> pd.Series[float]:
    """How far the server went, per trial; NaN where nobody counted."""
    counts = trials[list(COUNTED)].astype(object)
    rows = counts.where(counts.notna(), None).to_dict("records")
    held = [went_as_far_as({str(name): value for name, value in row.items()}) for row in rows]
    return pd.Series(held, index=trials.index, dtype="float64")


def asked_for(trials: pd.DataFrame) -> pd.Series[float]:
    """How many connections, or descriptors, each trial asked of its server."""
    connections = trials["active_connections"] + trials["idle_connections"]
    return trials["watched"].fillna(connections).astype("float64")


def limits_hit(trials: pd.DataFrame) -> list[LimitHit]:
    """The limits of a run: one per server, limit and number of connections asked for."""
    hit = trials[limit_reached(trials)]
    if not len(hit):
        return []
    frame = pd.DataFrame(
        {
            "server": hit["server"].astype(str),
            "limit": hit["server_limit"].astype("string").fillna(UNNAMED).astype(str),
            "asked": asked_for(hit).astype("int64"),
            "of": np.where(hit["watched"].notna(), "descriptors", "connections"),
            "held": held_connections(hit),
        }
    )
    groups = frame.groupby(["server", "limit", "asked", "of"])["held"]
    table = groups.agg(["median", "min", "max", "size"])
    return [
        LimitHit(server, limit, asked, middle, low, high, n, of)
        for (server, limit, asked, of), middle, low, high, n in table.itertuples()
    ]
