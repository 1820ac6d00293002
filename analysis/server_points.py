"""A run as points: every server under every setting, with its ratios to the reference.

The reference is the server of the reference trials. Ratios are taken within blocks,
between trials of equal settings.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.pairs import OTHERS, at
from analysis.palette import in_order
from analysis.statistics import summarise
from analysis.text import count
from experiments.record import SETTINGS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analysis.records import Run

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
SHOWN = ("load", "active", "idle", "backlog", "beside", "settings")
"""Of a condition, by column."""


def reference_of(run: Run) -> str:
    """The server that all others are compared with."""
    found = at(run.trials, sweep="reference")["server"]
    if len(found):
        return str(found.iloc[0])
    servers = set(run.trials["server"])
    return FALLBACK if FALLBACK in servers else in_order(servers)[0]


@lru_cache(maxsize=2)
def points(run: Run) -> pd.DataFrame:
    """A row per server and condition: medians, and the ratios to the reference within blocks.

    A condition is everything that was set but the server; `beside`, everything but that and the
    idle connections. Traced trials are left out: their speeds mean nothing.
    """
    conditions = _conditions(run)
    names = conditions["condition"]
    trials = run.trials[["point", "server", "block", "position", "valid", RATE, COST, TAIL]]
    trials = trials[~run.trials["traced"].fillna(False).astype(bool)]
    valid = trials[trials["valid"]]
    frame = pd.DataFrame(
        {
            "condition": _of_points(valid, names),
            "server": valid["server"].astype(str).to_numpy(),
            "block": valid["block"].to_numpy(dtype="int64"),
            **{m: valid[m].to_numpy(dtype="float64", na_value=np.nan) for m in (RATE, COST, TAIL)},
        }
    )
    keys = ["condition", "server"]
    medians = summarise(frame, keys, (RATE, COST, TAIL))
    blocks = frame.groupby([*keys, "block"])[[RATE, COST]].median().reset_index()
    others = blocks[blocks["server"] == reference_of(run)].drop(columns="server")
    both = blocks.merge(others, on=["condition", "block"], suffixes=("", "_of_reference"))
    ratios = pd.DataFrame({key: both[key] for key in keys})
    for name in (RATE, COST):
        ratios[f"{name}_ratio"] = both[name] / both[f"{name}_of_reference"]
    ratios = summarise(ratios, keys, (f"{RATE}_ratio", f"{COST}_ratio")).drop(columns="n")
    every = trials[["valid", "position", "server"]].assign(condition=_of_points(trials, names))
    total = every.groupby(keys, observed=True).agg(
        total=("valid", "size"), position=("position", "min")
    )
    table = total.reset_index().merge(medians, on=keys, how="left")
    table = table.merge(ratios, on=keys, how="left")
    table["n"] = table["n"].fillna(0).astype(int)
    table["void"] = table["total"].astype(int) - table["n"]
    order = conditions.drop_duplicates("condition").set_index("condition")
    table = table.join(order[list(SHOWN)], on="condition")
    return table.sort_values(["load", "active", "idle", "backlog"], ignore_index=True)


def _of_points(trials: pd.DataFrame, values: pd.Series[str]) -> NDArray[np.object_]:
    """What each trial's point has, looked up once a point."""
    points = trials["point"].cat
    found: NDArray[np.object_] = values.reindex(points.categories).to_numpy(dtype=object)
    return found[points.codes]


def _conditions(run: Run) -> pd.DataFrame:
    """By point: its condition, and the condition in words."""
    points = run.trials[["point", *SETTINGS]].drop_duplicates("point")
    points = points.set_index(points["point"].astype(str))
    written = points[[name for name in SETTINGS if name != "server"]].astype("string").fillna("")
    usual = {name: str(written[name].mode().iloc[0]) for name in OTHERS}
    return pd.DataFrame(
        {
            "condition": written.agg("|".join, axis=1),
            "beside": written.drop(columns="idle_connections").agg("|".join, axis=1),
            "load": points["load"].astype(str),
            "active": points["active_connections"].astype(int),
            "idle": points["idle_connections"].astype(int),
            "backlog": points["backlog"].astype("float64"),
            "settings": [in_words(dict(row), usual) for _, row in written.iterrows()],
        }
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
        f"{name.replace('_', ' ')} {row[name] or 'its own'}"
        for name in usual
        if row[name] != usual[name]
    ]
    return ", ".join(parts)
