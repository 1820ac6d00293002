"""The ratios of two servers in one run, taken block by block.

In each block both met the same machine, one right after the other in random order. So the sample is
a block's ratio: what the machine did from block to block is in both of its figures, and nothing has
to be taken beside the reference. Otherwise the figures are as those of two runs: Student's t on the
logarithms, with variances learnt from all figures of the metric together
(`analysis.statistics.moderated_variance`).

A run that goes on until it can tell looks more than once. Its intervals are then as wide as all
looks need, and its p-values hold over all of them (`analysis.statistics.looks`), before they are
adjusted for the number of figures: where nothing differs, at most 5% of whole comparisons call any
figure changed, however often they looked. `tests/analysis/compare/test_two_servers_by_chance.py`
simulates them.

A block without one of the trials has no ratio. `analysis.compare.lost_pairs` says where those that
are left cannot stand for all.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from analysis.arrays import Floats, Numbers
from analysis.compare.estimates import SMALLEST, LogRatios
from analysis.compare.log_ratios import logarithms, moments
from analysis.compare.lost_pairs import why_too_few
from analysis.compare.matching import KEY
from analysis.compare.ratios import OfMetric
from analysis.compare.sides import Sides
from analysis.records.first_look import looks_again
from analysis.records.run import Run
from analysis.statistics.looks import over_looks, tail
from analysis.statistics.moderated_variance import moderated
from analysis.statistics.noise_floor import noise_floor

LEAST = 2
"""Blocks of which a ratio has a spread."""


def paired(base: Run, run: Run, table: pd.DataFrame, whole: Run, sides: Sides) -> OfMetric:
    """The ratios of `base` and `run` at the points of `table`, of their `whole` run; `sides` name
    them. The columns have `first` as well, the blocks at the first look of several, and `why`."""
    both = logarithms(run) - logarithms(base)
    counts = first_looks(whole, both).reindex(table.index)
    alone = [moments(one, table.index) for one in (base, run)]

    def of_metric(metric: str) -> pd.DataFrame:
        ratios = both[metric].dropna()
        by_point = ratios.groupby(level=KEY)
        n = by_point.count().reindex(table.index).fillna(0).to_numpy("int64")
        first = counts[metric].fillna(0).to_numpy("int64")
        mean = np.asarray(by_point.mean().reindex(table.index), dtype="float64")
        var = np.asarray(by_point.var().reindex(table.index), dtype="float64")
        found, half, p = of_blocks(n, mean, var, first)
        with np.errstate(over="ignore"):
            low, high = np.exp(mean - half), np.exp(mean + half)
        floor = noise_floor(whole.trials, metric)
        # A single block says nothing of its own spread; the equal reference trials do.
        usual = floor.spread if floor else np.nan
        columns = {
            "ratio": np.exp(mean),
            "low": low,
            "high": high,
            "freedom": found.freedom,
            "beside": np.zeros(len(n), dtype=bool),
            "noise": np.maximum(np.expm1(half), SMALLEST),
            # The trials of both are in the spread of a ratio, and `repeats` counts each alone.
            "spread": np.where(n < LEAST, usual, found.spread / np.sqrt(2)),
            "stray": np.zeros(len(n)),
            "p": p,
            "first": first,
            "why": why_too_few(base, run, table, sides, metric),
        }
        for side, value, count, logs in zip(
            alone, ("base_value", "value"), ("n_base", "n"), (base, run), strict=True
        ):
            of_both = logarithms(logs)[metric].reindex(ratios.index).groupby(level=KEY).mean()
            own = of_both.reindex(table.index).to_numpy("float64")
            columns[value] = np.exp(np.where(n > 0, own, side[metric].mean))
            columns[count] = np.where(n > 0, n, side[metric].count).astype("int64")
        return pd.DataFrame(columns, index=table.index)

    return of_metric


def of_blocks(
    n: Numbers, mean: Floats, var: Floats, first: Numbers
) -> tuple[LogRatios, Floats, Floats]:
    """The log ratios of figures of one metric, half of each interval, and each p, from the number
    of blocks, the mean and the variance of their log ratios; `first` has the blocks at the first
    look of several, 0 for a single one."""
    own = np.fmax(n - 1, 0).astype("float64")
    shared = moderated(np.nan_to_num(var), own)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where((n >= LEAST) & (shared.freedom > 0), np.sqrt(shared.variance / n), np.nan)
    found = LogRatios(mean, error, shared.freedom, np.sqrt(shared.variance))
    tails = np.array([tail(*one) for one in zip(n.tolist(), first.tolist(), strict=True)])
    freedom = np.where(found.known, found.freedom, 1)
    half = error * special.stdtrit(freedom, 1 - tails) if len(n) else error
    return found, half, over_looks(found.p, n, first)


def first_looks(run: Run, by_block: pd.DataFrame) -> pd.DataFrame:
    """By point and column, of how many blocks the first look at it was, where `by_block` has what
    was measured by point and block; 0 in a run that looks once."""
    planned, every = run.manifest.repeats, by_block.groupby(level=KEY).count()
    if not looks_again(run):
        return every * 0
    of_plan = by_block[by_block.index.get_level_values("block") <= (planned or 0)]
    seen = of_plan.groupby(level=KEY).count().reindex(every.index)
    return seen.fillna(0).clip(lower=LEAST)
