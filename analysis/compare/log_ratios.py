"""The logarithms of a run's metrics by point and block, of which comparisons take ratios."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.compare.matching import KEY, keys, points
from analysis.compare.metrics import METRICS
from analysis.outcomes.lower_bounds import recorded
from analysis.records.run import Run, remembered
from analysis.selection.trials import untraced

MOMENTS = ("count", "mean", "var")


@remembered
def logarithms(run: Run) -> pd.DataFrame:
    """The logarithm of every metric by point (its key) and block, from trials that were
    measured. Several
    trials of one block are averaged, traced ones left out. NaN where nothing was measured."""
    trials = untraced(run.measured)
    metrics = trials[list(METRICS)].to_numpy(dtype="float64", na_value=np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.where(metrics > 0, metrics, np.nan))
    frame = pd.DataFrame(logs, columns=list(METRICS))
    frame[KEY] = keys(run)[trials.index]
    frame["block"] = trials["block"].to_numpy(dtype="int64")
    return frame.groupby([KEY, "block"]).mean()


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


@remembered
def moments(run: Run, beside: bool = False) -> pd.DataFrame:
    """By point and metric: number of blocks, mean and variance of the logarithms, as measured or
    `beside` the reference."""
    logs = beside_reference(run) if beside else logarithms(run)
    return logs.groupby(level=KEY).agg(list(MOMENTS))


def moments_of(run: Run, metric: str, beside: bool, wanted: pd.Index[str]) -> pd.DataFrame:
    """The moments of one metric: a row for each key of `wanted`, columns MOMENTS."""
    found = moments(run, beside)
    return pd.DataFrame({name: found[metric, name] for name in MOMENTS}).reindex(wanted)
