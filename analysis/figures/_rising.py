"""The open-loop trials that show best what a rising rate does."""

from __future__ import annotations

import pandas as pd

from analysis.records.run import Run, remembered
from analysis.selection.trials import OWN, at, untraced
from analysis.statistics.point_medians import first_rows, numbers, point_medians
from contract.columns import SETTINGS
from contract.loads import OPEN_LOADS

X = "rate_per_s"
LEVELS = 3
"""Rates; fewer are no curve."""


@remembered
def chosen(run: Run) -> pd.DataFrame:
    """Under the settings that most servers met at LEVELS rates or more: each such server's trials,
    with those settings of its own (workers) that it met most rates with. Void ones included."""
    points = run.trials[["point", *SETTINGS]].iloc[first_rows(run.trials)]
    points = untraced(points[points["load"].isin(OPEN_LOADS)])
    if not len(points):
        return run.trials.head(0)
    texts = points[list(SETTINGS)].astype("string").fillna("")
    asked = texts.drop(columns=["server", X, *OWN]).agg("|".join, axis=1)
    built = texts[["server", *OWN]].agg("|".join, axis=1)
    measured = point_medians(run).valid[numbers(points)] > 0
    rates = points[X].where(measured).groupby([asked, built]).nunique()
    rates = rates[rates >= LEVELS]
    if not len(rates):
        return run.trials.head(0)
    most = rates.groupby(level=0).agg(["size", "sum"]).sort_values(["size", "sum"]).index[-1]
    best = rates[most].sort_values(ascending=False, kind="stable")
    best = best[~best.index.str.split("|").str[0].duplicated()]
    kept = points["point"][(asked == most) & built.isin(best.index)]
    return run.trials[run.trials["point"].isin(kept)]


def candidates(run: Run) -> pd.DataFrame:
    """The trials of all servers under the settings of `chosen`, whatever their own: of a server
    that failed at most rates none is chosen."""
    trials = chosen(run)
    if not len(trials):
        return trials
    shared = trials[[name for name in SETTINGS if name not in ("server", X, *OWN)]].iloc[0]
    return at(run.trials, **{str(n): None if pd.isna(v) else v for n, v in shared.items()})
