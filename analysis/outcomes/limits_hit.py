"""Limits that servers met: a void trial that names its limit is a finding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class LimitHit:
    """A server stopped at a limit that it named.

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
    """Connections that the server held, per trial; NaN where nobody counted.

    The load counts what it established and the server's side what it held or
    queued; a connection that the kernel queued but the server never took is in
    one of the two at most times, so the smaller positive count is the truth.
    """
    load = trials["active_established"].astype("float64").fillna(0) + trials["idle_established"]
    load, server = load.astype("float64"), trials["server_established"].astype("float64")
    both = pd.concat([load.where(load > 0), server.where(server > 0)], axis=1)
    return both.min(axis=1).fillna(trials["watched_held"].astype("float64"))


def limits_hit(trials: pd.DataFrame) -> list[LimitHit]:
    """The limits of a run: one per server, limit and number of connections asked for."""
    hit = trials[~trials["valid"] & trials["server_limit"].notna()]
    if not len(hit):
        return []
    connections = hit["active_connections"] + hit["idle_connections"]
    frame = pd.DataFrame(
        {
            "server": hit["server"].astype(str),
            "limit": hit["server_limit"].astype(str),
            "asked": hit["watched"].fillna(connections).astype("int64"),
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
