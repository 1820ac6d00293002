"""The logarithms of a run's metrics by point and block, of which comparisons take ratios."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.compare.estimates import Moments
from analysis.compare.matching import KEY, keys, points
from analysis.compare.metrics import METRICS
from analysis.outcomes import causes
from analysis.outcomes.lower_bounds import recorded
from analysis.records.run import Run, remembered
from analysis.selection.trials import untraced


@remembered
def logarithms(run: Run) -> pd.DataFrame:
    """The logarithm of every metric by point (its key) and block, from trials that were
    measured. Several
    trials of one block are averaged, traced ones left out. NaN where nothing was measured."""
    trials = untraced(run.measured)
    frame = _logs(trials)
    frame[KEY] = keys(run)[trials.index]
    frame["block"] = trials["block"].to_numpy(dtype="int64")
    return frame.groupby([KEY, "block"]).mean()


@remembered
def absent(run: Run) -> pd.DataFrame:
    """By point and metric: which share of the trials that were measured, or lost to the lab, has
    none."""
    trials = untraced(run.trials)
    measured = trials["measured"].to_numpy(dtype=bool)
    trials = trials[measured | causes.lost(trials)]
    lacking = _logs(trials).isna() | causes.lost(trials)[:, None]
    return lacking.groupby(keys(run)[trials.index]).mean()


@remembered
def too_few_left(run: Run) -> pd.Series[str]:
    """By point: why its trials that say something cannot stand for all; '' where they can."""
    trials = untraced(run.trials)
    silent = pd.Series(causes.silent(trials)).groupby(keys(run)[trials.index]).agg(["sum", "size"])
    told = [
        causes.too_few_left(causes.Causes(valid=of - few, spoiled=few))
        for few, of in silent.itertuples(index=False)
    ]
    return pd.Series(told, index=silent.index, dtype=object)


def _logs(trials: pd.DataFrame) -> pd.DataFrame:
    metrics = trials[list(METRICS)].to_numpy(dtype="float64", na_value=np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.where(metrics > 0, metrics, np.nan))
    return pd.DataFrame(logs, columns=list(METRICS))


@remembered
def lower_bounds(run: Run) -> pd.DataFrame:
    """By point and metric: in how many of its measured trials it is a lower bound."""
    low, measured = recorded(run), run.trials["measured"].to_numpy(dtype=bool)
    flags = pd.DataFrame({metric: low.get(metric, ~measured) & measured for metric in METRICS})
    return flags.groupby(keys(run)).sum()


def beside_reference(run: Run) -> pd.DataFrame:
    """The logarithms less those of the reference trials of the block: what the machine did to
    both is gone. NaN for the reference itself, and in blocks without one."""
    logs = logarithms(run)
    table = points(run).table
    own = logs.index.get_level_values(KEY).isin(table.index[table["reference"]])
    reference = logs[own].groupby(level="block").mean()
    less = reference.reindex(logs.index.get_level_values("block")).to_numpy()
    return logs - np.where(own[:, None], np.nan, less)


def moments(run: Run, wanted: pd.Index[str], *, beside: bool = False) -> dict[str, Moments]:
    """By metric, the moments of its logarithms at the points with these keys, as measured or
    `beside` the reference."""
    count, mean, var = (one.reindex(wanted) for one in _moments(run, beside))
    return {
        metric: Moments(
            count[metric].fillna(0).to_numpy("float64"),
            mean[metric].to_numpy("float64"),
            var[metric].to_numpy("float64"),
        )
        for metric in METRICS
    }


@remembered
def _moments(run: Run, beside: bool) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    logs = beside_reference(run) if beside else logarithms(run)
    by_point = logs.groupby(level=KEY)
    return by_point.count(), by_point.mean(), by_point.var()
