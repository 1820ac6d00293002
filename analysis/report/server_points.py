"""A run as points: every server under every setting, with its ratios to the reference.

The reference is the server of the reference trials. Ratios are taken within blocks,
between trials of equal settings, but for what is a server's own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.charts.palette import in_order
from analysis.outcomes import goodput
from analysis.selection.trials import OTHERS, OWN, at
from analysis.statistics.lower_bounds import END, bounded
from analysis.statistics.point_medians import Spreads, first_rows, numbers, spreads
from analysis.wording import count
from contract.columns import SETTINGS

if TYPE_CHECKING:
    from analysis.records.run import Run

RATE, COST, TAIL = "requests_per_s", "server_cpu_us_per_request", "response_p99_us"
LOADS = {
    "keep_alive": "keep-alive",
    "connection_per_request": "a connection per request",
    "open_loop": "open loop",
    "open_connections": "open loop of connections",
    "token_ring": "a token round pipes",
    "one_wait": "one wait",
}
FALLBACK = "epoll_level"


def reference_of(run: Run) -> str:
    """The server that all others are compared with."""
    found = at(run.trials, sweep="reference")
    if len(found):
        return str(found["server"].iloc[0])
    present = run.trials["server"].unique()
    return FALLBACK if FALLBACK in present else in_order(present)[0]


@lru_cache(maxsize=2)
def points(run: Run) -> pd.DataFrame:
    """A row per server and condition: medians, and the ratios to the reference within blocks.

    A condition is everything that was set but the server; `asked`, what of it is not OWN;
    `heard`, what of that is not the backlog; `beside`, the condition without the idle connections.
    The shares and the goodput of `analysis.outcomes.goodput` stand beside the rate.
    Traced trials are left out: their speeds mean nothing. Points of one server and condition are
    one row: the reference trials may be set as a sweep's are.
    """
    table = _conditions(run)
    same = table.index.to_series().groupby([table["server"], table["condition"]]).transform("first")
    known, codes = spreads(run), numbers(run.trials)
    if (same != same.index).any():
        first = np.arange(len(known.valid))
        first[same.index] = same
        codes = first[codes]
        known = Spreads(run.trials, codes)
        table = table.loc[same.unique()]
    table["n"], table["void"] = known.valid[table.index], known.void[table.index]
    table = table.join(known.of((RATE, COST, TAIL)))
    table[f"{TAIL}{END}"] = known.bounded(bounded(run).get(TAIL))[table.index]
    table = table.join(goodput.shares(run.trials, codes, len(known.valid)))
    others = _others(table, reference_of(run))
    table = table.join([known.ratios(name, others) for name in (RATE, COST, TAIL)])
    order = ["load", "active", "idle", "backlog", "condition", "server"]
    return table.sort_values(order, ignore_index=True)


def _others(table: pd.DataFrame, reference: str) -> pd.Series[int]:
    """By number of the point, that of the reference's to compare it with: under the same condition;
    else under one that differs in what is a server's own, the plainest such; for a server that
    chose its own backlog, under any. Points that have none are left out."""
    mine = table[table["server"] == reference].sort_values(["set", "n"], ascending=[True, False])

    def first(key: str) -> pd.Series[float]:
        known = mine.drop_duplicates(key)
        return table[key].map(pd.Series(known.index, index=known[key]))

    found = first("condition").fillna(first("asked"))
    found = found.fillna(first("heard")[table["backlog"].isna()])
    return found.dropna().astype("int64")


def _conditions(run: Run) -> pd.DataFrame:
    """By number of the point: its server, its condition, and the condition in words."""
    points = run.trials[["point", *SETTINGS]].iloc[first_rows(run.trials)]
    points = points.set_index(numbers(points))
    points = points[~points["traced"].fillna(False).astype(bool)]
    written = points[[name for name in SETTINGS if name != "server"]].astype("string").fillna("")
    usual = {name: str(written[name].mode().iloc[0]) for name in OTHERS if len(written)}
    asked = written.drop(columns=list(OWN))
    return pd.DataFrame(
        {
            "server": points["server"].astype(str),
            "condition": written.agg("|".join, axis=1),
            "asked": asked.agg("|".join, axis=1),
            "heard": asked.drop(columns="backlog").agg("|".join, axis=1),
            "set": (written[list(OWN)] != "").sum(axis=1),
            "beside": written.drop(columns="idle_connections").agg("|".join, axis=1),
            "load": points["load"].astype(str),
            "active": points["active_connections"].astype(int),
            "idle": points["idle_connections"].astype(int),
            "backlog": points["backlog"].astype("float64"),
            "settings": [in_words(dict(row), usual) for _, row in written.iterrows()],
        },
        index=points.index,
    )


def in_words(row: dict[str, str], usual: dict[str, str]) -> str:
    """'keep-alive, 8 active, 10,000 idle', and what else is not as usual."""
    parts = [LOADS.get(row["load"], row["load"].replace("_", " "))]
    if row["active_connections"] != "0":
        parts.append(f"{count(float(row['active_connections']))} active")
    if row["idle_connections"] != "0":
        parts.append(f"{count(float(row['idle_connections']))} idle")
    if row["load"] == "connection_per_request" and row["backlog"]:
        parts.append(f"backlog {count(float(row['backlog']))}")
    parts += [
        f"{name.replace('_', ' ')} {_written(row[name]) or 'its own'}"
        for name in usual
        if row[name] != usual[name]
    ]
    return ", ".join(parts)


def _written(value: str) -> str:
    """A number as people write it; any other text as it is."""
    try:
        return f"{float(value):,g}"
    except ValueError:
        return value
