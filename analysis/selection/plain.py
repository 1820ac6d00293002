"""Columns of some trials as plain numbers, which is what figures and judges work on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.selection.threads import side_by_side
from contract.columns import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Rows = NDArray[np.intp]
    """Places in a frame of trials, rising or in any other order."""

IDENTITY = (
    *("trial", "point", "sweep", "block", "position", "origin", "server", "load"),
    *("active_connections", "idle_connections", "backlog", "somaxconn"),
    *("rate_per_s", "watched", "valid", "validity", "reason", "server_limit"),
    *("spoiled_by", "steal_share", "foreign_cpu_share"),
    *("requests", "errors", "unanswered", "window_s"),
)
"""What tells trials apart, whether they count, who spoiled them, and what their rate leaves out."""
SHOWN = (
    *IDENTITY,
    *("requests_per_s", "server_cpu_us_per_request", "wait_us", "bare_us"),
    *("response_p50_us", "response_p90_us", "response_p99_us", "response_p999_us"),
    *("connect_p99_us", "server_rss_bytes", "server_rss_idle_bytes", "server_threads"),
    *("kernel_slab_bytes", "kernel_slab_idle_bytes", "listen_overflows", "listen_drops"),
    *("full_queue_depth", "full_queue_overflows", "full_queue_drops"),
    *("active_established", "idle_established", "server_established", "watched_held"),
)
"""What figures and judges read of the trials of a selection; what a new one needs besides is
added here. Of a million trials, all columns would be a gigabyte, and again for each selection."""
INT, FLOAT, FLAG, OTHER = "int64", "float64", "bool", "other"
COLUMN = {column.name: column for column in COLUMNS}


def take(trials: pd.DataFrame, rows: Rows, names: Sequence[str] = SHOWN) -> pd.DataFrame:
    """Columns of some trials, of each kind together, with plain numbers instead of nullable ones
    (a missing one is NaN). Those of a kind are one array, as pandas keeps them, so that selecting
    rows again is quick; pandas would copy columns to make it."""
    index = trials.index[rows]
    by_kind: dict[str, list[str]] = {}
    for name in names:
        by_kind.setdefault(_kind(name), []).append(name)
    return pd.concat(
        [_taken(trials, rows, alike, kind).set_axis(index) for kind, alike in by_kind.items()],
        axis="columns",
    )


def _taken(trials: pd.DataFrame, rows: Rows, names: Sequence[str], kind: str) -> pd.DataFrame:
    """Columns of one kind."""
    if kind == OTHER:
        columns = side_by_side(lambda name: trials[name].array.take(rows), names)
        return pd.DataFrame(dict(zip(names, columns, strict=True)), copy=False)
    numbers = np.empty((len(names), len(rows)), dtype=kind)

    def fill(place: int) -> None:
        column = trials[names[place]].array.take(rows)
        missing = {"na_value": np.nan} if kind == FLOAT else {}
        numbers[place] = column.to_numpy(kind, **missing)

    side_by_side(fill, range(len(names)))
    return pd.DataFrame(numbers.T, columns=list(names), copy=False)


def _kind(name: str) -> str:
    column = COLUMN.get(name)
    if column is None:  # `valid`, which analysis has added
        return FLAG
    if column.kind not in ("int", "float"):
        return OTHER
    return INT if column.kind == "int" and column.required else FLOAT
