"""Limits that servers met: a void trial that names its limit is a finding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

COUNTED = ("active_established", "idle_established", "server_established", "watched_held")
READ = ("server", "server_limit", "active_connections", "idle_connections", "watched", *COUNTED)


@dataclass(frozen=True, slots=True)
class Wall:
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
    load = _floats(trials, "active_established").fillna(0) + _floats(trials, "idle_established")
    server = _floats(trials, "server_established")
    both = pd.concat([load.where(load > 0), server.where(server > 0)], axis=1)
    return both.min(axis=1).fillna(_floats(trials, "watched_held"))


def find_walls(trials: pd.DataFrame) -> list[Wall]:
    """The limits of a run: one per server, limit and number of connections asked for."""
    hit = trials[list(READ)][~trials["valid"] & trials["server_limit"].notna()]
    if not len(hit):
        return []
    frame = pd.DataFrame(
        {
            "server": hit["server"].to_numpy(dtype=object),
            "limit": hit["server_limit"].to_numpy(dtype=object),
            "asked": _asked(hit).to_numpy(dtype="int64"),
            "of": np.where(hit["watched"].notna(), "descriptors", "connections"),
            "held": held_connections(hit).to_numpy(),
        }
    )
    groups = frame.groupby(["server", "limit", "asked", "of"], sort=True)["held"]
    table = groups.agg(["median", "min", "max", "size"]).reset_index()
    return [
        Wall(server, limit, int(asked), float(middle), float(low), float(high), int(n), of)
        for server, limit, asked, of, middle, low, high, n in table.to_numpy(dtype=object)
    ]


def _asked(trials: pd.DataFrame) -> pd.Series[float]:
    connections = _floats(trials, "active_connections") + _floats(trials, "idle_connections")
    return _floats(trials, "watched").fillna(connections)


def _floats(trials: pd.DataFrame, name: str) -> pd.Series[float]:
    return pd.Series(trials[name].to_numpy(dtype="float64", na_value=np.nan), index=trials.index)
