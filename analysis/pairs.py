"""Comparisons inside a run: like with like, block by block.

A ratio is taken within each block, where both sides met the same machine within
a minute or so, and the block is then one observation.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.statistics import estimate
from experiments.record import COLUMNS, SETTINGS

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from analysis.records import Run
    from analysis.statistics import Estimate

# Runs whose selections are remembered: every judge and figure asks for the same.
RUNS = 4
ENVIRONMENT = ("network", "somaxconn")
COMPARED = ("server", "load", "active_connections", "idle_connections", "backlog")
OTHERS = tuple(name for name in SETTINGS if name not in (*ENVIRONMENT, *COMPARED))
"""What no figure of these varies: kinds of requests and clients, flags of servers."""


def at(trials: pd.DataFrame, **settings: Hashable) -> pd.DataFrame:
    """The trials with exactly these settings, whatever sweep asked for them."""
    keep = np.ones(len(trials), dtype=bool)
    for name, value in settings.items():
        keep &= (trials[name] == value).to_numpy(dtype=bool, na_value=False)
    return trials if keep.all() else trials[keep]


def alike(trials: pd.DataFrame, names: Sequence[str] = ENVIRONMENT) -> pd.DataFrame:
    """The trials that share the most common value of each setting in `names`, so
    that an experiment which also varies those is not mixed into one figure. Those
    that have none, as a foreign server has no backlog of ours, stay beside them."""
    for name in names:
        if len(trials) and trials[name].nunique() > 1:
            usual = trials[name].mode().iloc[0]
            trials = trials[(trials[name] == usual) | trials[name].isna()]
    return trials


def unmixed(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials that share the most common value of each of OTHERS; having none is a value as
    well, but for a server of somebody else's, which takes no flags of ours. None is of a traced
    server, though there be no others: its speed is the tracer's."""
    trials = at(trials, traced=False)
    for name in OTHERS:
        values = trials[name]
        missing = values.isna()
        if missing.all() or values.nunique(dropna=False) == 1:
            continue
        counts = values.value_counts()
        if counts.iloc[0] > missing.sum():
            keep = (values == counts.index[0]) | (missing & (trials["origin"] != "lab"))
        else:
            keep = missing
        trials = trials[keep]
    return trials


@lru_cache(maxsize=RUNS)
def working(run: Run) -> pd.DataFrame:
    """The trials with plain numbers instead of nullable ones (a missing one is NaN):
    pandas keeps those in one array each kind, so that selecting rows is quick."""
    columns: dict[str, object] = {}
    for column in COLUMNS:
        values = run.trials[column.name]
        if column.kind == "int" and column.required:
            columns[column.name] = values.to_numpy(dtype="int64")
        elif column.kind in ("int", "float"):
            columns[column.name] = values.to_numpy(dtype="float64", na_value=np.nan)
        else:
            columns[column.name] = values
    return pd.DataFrame({**columns, "valid": run.trials["valid"].to_numpy(dtype=bool)})


@lru_cache(maxsize=RUNS)
def keep_alive(run: Run) -> pd.DataFrame:
    """Keep-alive trials on the usual path with the usual backlog; not to be written into."""
    chosen = unmixed(at(working(run), load="keep_alive"))
    return alike(chosen, (*ENVIRONMENT, "backlog"))


@lru_cache(maxsize=RUNS)
def per_request(run: Run) -> pd.DataFrame:
    """Trials with a connection per request on the usual path; not to be written into."""
    return alike(unmixed(at(working(run), load="connection_per_request")))


def varying(trials: pd.DataFrame, axis: str, fixed: str) -> pd.DataFrame:
    """The part of `trials` that shows `axis` best: at the value of `fixed` which
    has the most values of `axis` (the smallest such value, where several do)."""
    if not len(trials):
        return trials
    counts = trials.groupby(fixed)[axis].nunique()
    return at(trials, **{fixed: counts.idxmax()})


def by_block(trials: pd.DataFrame, metric: str) -> pd.Series[float]:
    """One value per block: the median over its trials. Indexed by block."""
    values = pd.Series(
        trials[metric].to_numpy(dtype="float64", na_value=np.nan),
        index=trials["block"].to_numpy(dtype="int64"),
    )
    return values.dropna().groupby(level=0).median()


def paired_ratio(above: pd.DataFrame, below: pd.DataFrame, metric: str) -> Estimate:
    """The ratio above/below of `metric` over the blocks that have both."""
    ratios = (by_block(above, metric) / by_block(below, metric)).dropna()
    return estimate(ratios.to_numpy())
