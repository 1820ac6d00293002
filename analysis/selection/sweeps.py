"""The trials that show best what one setting does, whatever their words; none where a run has one
value of it alone."""

from __future__ import annotations

import pandas as pd

from analysis.records.run import Run, remembered
from analysis.selection.trials import (
    OWN,
    alike,
    at,
    keep_alive,
    nothing_idle,
    per_request,
    plain,
    untraced,
    varying,
)
from contract.columns import SETTINGS
from contract.loads import OPEN_LOADS, WITHOUT_CLIENTS

ACTIVE, IDLE = "active_connections", "idle_connections"
BACKLOG, RATE = "backlog", "rate_per_s"
LEAST_RATES = 3
"""Fewer are no curve."""


@remembered
def idle_sweep(run: Run) -> pd.DataFrame:
    """Keep-alive trials, at the number of active connections with most idle ones."""
    return _several(varying(keep_alive(run), IDLE, ACTIVE), IDLE)


@remembered
def active_sweep(run: Run) -> pd.DataFrame:
    """Keep-alive trials with nothing idle."""
    return _several(nothing_idle(run), ACTIVE)


@remembered
def backlog_sweep(run: Run) -> pd.DataFrame:
    """Trials with a connection per request, beside as many idle connections as most, at the number
    of clients with most backlogs."""
    return _several(varying(alike(per_request(run), (IDLE,)), BACKLOG, ACTIVE), BACKLOG)


def _several(trials: pd.DataFrame, axis: str) -> pd.DataFrame:
    return trials if trials[axis].nunique() > 1 else trials.head(0)


@remembered
def without_clients(run: Run) -> pd.DataFrame:
    """Trials of an interface of readiness by itself."""
    trials = plain(run)
    return alike(trials[trials["load"].isin(WITHOUT_CLIENTS)])


@remembered
def rate_sweep(run: Run) -> pd.DataFrame:
    """Open-loop trials under the settings that most servers met at LEAST_RATES rates or more: each
    such server's trials, with those settings of its own (workers) that it met most rates with."""
    points = run.trials[["point", *SETTINGS]].drop_duplicates("point")
    points = untraced(points[points["load"].isin(OPEN_LOADS)])
    if not len(points):
        return run.trials.head(0)
    texts = points[list(SETTINGS)].astype("string").fillna("")
    asked = texts.drop(columns=["server", RATE, *OWN]).agg("|".join, axis=1)
    built = texts[["server", *OWN]].agg("|".join, axis=1)
    measured = points["point"].isin(run.valid["point"].unique())
    rates = points[RATE].where(measured).groupby([asked, built]).nunique()
    rates = rates[rates >= LEAST_RATES]
    if not len(rates):
        return run.trials.head(0)
    most = rates.groupby(level=0).agg(["size", "sum"]).sort_values(["size", "sum"]).index[-1]
    best = rates[most].sort_values(ascending=False, kind="stable")
    best = best[~best.index.str.split("|").str[0].duplicated()]
    kept = points["point"][(asked == most) & built.isin(best.index)]
    return run.trials[run.trials["point"].isin(kept)]


def rate_candidates(run: Run) -> pd.DataFrame:
    """The trials of all servers under the settings of `rate_sweep`, whatever their own: of a server
    that failed at most rates none is in it."""
    trials = rate_sweep(run)
    if not len(trials):
        return trials
    shared = trials[[name for name in SETTINGS if name not in ("server", RATE, *OWN)]].iloc[0]
    return at(run.trials, **{str(n): None if pd.isna(v) else v for n, v in shared.items()})
