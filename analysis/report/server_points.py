"""The points of a run, each server under each setting, with their ratios to the reference.

The reference is the server of the reference trials. Ratios are taken within blocks, between trials
of equal settings, except those that concern a server alone (its workers, for example).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.arrays import Flags
from analysis.charts.palette import in_order
from analysis.outcomes import goodput
from analysis.outcomes.causes import MOST_FAILED
from analysis.outcomes.lower_bounds import END
from analysis.point_labels import label
from analysis.records.run import Run, remembered
from analysis.selection.trials import OTHERS, OWN, untraced
from analysis.statistics.noise_floor import references
from analysis.statistics.point_medians import PointMedians, first_rows, numbers, point_medians
from contract.columns import SETTINGS

RATE, COST, TAIL = "requests_per_s", "server_cpu_us_per_request", "response_p99_us"
FALLBACK = "epoll_level"
OVER_BOUND = "_over_bound"
"""End of the name of a column that says where the reference's figure is a bound. The column tells
whether the tail that a point's is compared with is a lower bound: the ratio is not known."""
OVER_FAILED = "over_failed"
"""Whether the server that a point's is compared with failed too often there, or its answers did:
many times the little that is left of it is no merit."""


def reference_of(run: Run) -> str:
    """The server that all others are compared with."""
    equal = references(run.trials)
    if len(equal):
        return str(equal["server"].iloc[0])
    present = run.trials["server"].unique()
    return FALLBACK if FALLBACK in present else in_order(present)[0]


@remembered
def points(run: Run) -> pd.DataFrame:
    """A row per server and condition: medians, and the ratios to the reference within blocks.

    `condition` is all settings but the server; `shared`, the condition without those of OWN;
    `without_backlog`, what is shared without the backlog; `beside`, the condition without the idle
    connections; `own`, how many settings of OWN are set. The shares and the goodput of
    `analysis.outcomes.goodput` stand beside the rate. Traced trials are left out: their speeds mean
    nothing. Points of one server and condition are one row, as the reference trials may have the
    settings of a sweep.
    """
    table = _conditions(run)
    same = table.index.to_series().groupby([table["server"], table["condition"]]).transform("first")
    known, codes = point_medians(run), numbers(run.trials)
    if (same != same.index).any():
        first = np.arange(len(known.words))
        first[same.index] = same
        codes = first[codes]
        known = PointMedians(run.trials, codes)
        table = table.loc[same.unique()]
    table = table.join(known.words).join(known.of((RATE, COST, TAIL)))
    for name in (RATE, COST, TAIL):
        table[f"{name}{END}"] = known.bounded(run, name)[table.index]
    table = table.join(goodput.shares(run.trials, codes, len(known.words)))
    others = _others(table, reference_of(run))
    table = table.join([known.ratios(name, others) for name in (RATE, COST, TAIL)])
    for name in (RATE, COST, TAIL):
        bounds = table.index[table[f"{name}{END}"]]
        table[f"{name}{OVER_BOUND}"] = table.index.isin(others.index[others.isin(bounds)])
    failing = table.index[failing_often(table)]
    table[OVER_FAILED] = table.index.isin(others.index[others.isin(failing)])
    order = ["load", "active", "idle", "backlog", "condition", "server"]
    return table.sort_values(order, ignore_index=True)


def failing_often(table: pd.DataFrame) -> Flags:
    """The points at which the server, or its answers, failed in more than MOST_FAILED."""
    often = (table[goodput.FAILED] > MOST_FAILED) | (table[goodput.ERRORS] > MOST_FAILED)
    return often.to_numpy(dtype=bool)


def _others(table: pd.DataFrame, reference: str) -> pd.Series[int]:
    """By number of the point, the number of the reference's point to compare it with: under the
    same condition; else under one that differs in settings of OWN alone, the one with fewest of
    them set; for a server that chose its own backlog, under any backlog. Points without one are
    left out."""
    mine = table[table["server"] == reference].sort_values(["own", "n"], ascending=[True, False])

    def first(key: str) -> pd.Series[float]:
        theirs = mine.drop_duplicates(key)
        return table[key].map(pd.Series(theirs.index, index=theirs[key]))

    others = first("condition").fillna(first("shared"))
    others = others.fillna(first("without_backlog")[table["backlog"].isna()])
    return others.dropna().astype("int64")


def _conditions(run: Run) -> pd.DataFrame:
    """By number of the point: its server, its condition, and the condition in words."""
    points = run.trials[["point", *SETTINGS]].iloc[first_rows(run.trials)]
    points = points.set_index(numbers(points))
    points = untraced(points)
    settings = points[[name for name in SETTINGS if name != "server"]].astype("string").fillna("")
    usual = {name: str(settings[name].mode().iloc[0]) for name in OTHERS if len(settings)}
    shared = settings.drop(columns=list(OWN))
    return pd.DataFrame(
        {
            "server": points["server"].astype(str),
            "condition": settings.agg("|".join, axis=1),
            "shared": shared.agg("|".join, axis=1),
            "without_backlog": shared.drop(columns="backlog").agg("|".join, axis=1),
            "own": (settings[list(OWN)] != "").sum(axis=1),
            "beside": settings.drop(columns="idle_connections").agg("|".join, axis=1),
            "load": points["load"].astype(str),
            "active": points["active_connections"].astype(int),
            "idle": points["idle_connections"].astype(int),
            "backlog": points["backlog"].astype("float64"),
            "settings": [in_words(dict(row), usual) for _, row in settings.iterrows()],
        },
        index=points.index,
    )


def in_words(row: dict[str, str], usual: dict[str, str]) -> str:
    """'keep-alive, 8 active, 10,000 idle', and what else is not as usual."""
    clients = [n for n in ("active_connections", "idle_connections") if row[n] != "0"]
    backlog = ["backlog"] if row["backlog"] else []
    return label(row, ["load", *clients, *backlog, *(n for n in usual if row[n] != usual[n])])
