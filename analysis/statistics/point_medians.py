"""Medians with intervals by point, computed once for whoever asks.

A point is all settings of a trial, so whatever settings a figure groups trials by, a group is
nearly always one point; and a point stands in several figures, in `summary.csv` and on its
server's page.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.outcomes import goodput
from analysis.statistics.estimates import of_groups
from analysis.statistics.lower_bounds import END, bounded, medians_bounded
from analysis.statistics.medians import Grouping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analysis.records.run import Run
    from analysis.statistics.lower_bounds import Flags

    Numbers = NDArray[np.int64]

RATE = "requests_per_s"
RUNS = 4
"""Runs to remember, as `pairs` does."""


class Spreads:
    """The points of one run, in the order of the categories of the column `point`; `codes` has
    the number of each trial's point, which may be that of another one with equal settings."""

    def __init__(self, trials: pd.DataFrame, codes: Numbers) -> None:
        self._trials = trials
        self._known: dict[str, pd.DataFrame] = {}
        valid = trials["valid"].to_numpy(dtype=bool)
        self._codes = np.where(valid, codes, -1)
        self._points = len(trials["point"].cat.categories)
        self._grouping = Grouping(self._codes, self._points)
        self.valid = np.bincount(codes[valid], minlength=self._points)
        """Trials that count, by point."""
        self.void = np.bincount(codes[~valid], minlength=self._points)

    def of(self, metrics: Sequence[str]) -> pd.DataFrame:
        """A row per point, and for each metric its median with the ends of its 95% interval in
        `_low` and `_high`; NaN where nothing was measured."""
        new = {name: self._trials[name] for name in metrics if name not in self._known}
        if new:
            found = of_groups(self._grouping, new)
            self._known |= {name: found[[name, f"{name}_low", f"{name}_high"]] for name in new}
        return pd.concat([self._known[name] for name in metrics], axis=1)

    def bounded(self, flags: Flags | None) -> Flags:
        """By number of the point, whether the median is a lower bound, given which trials' are."""
        if flags is None:
            return np.zeros(self._points, dtype=bool)
        return medians_bounded(flags, self._codes, self._points)

    def ratios(self, metric: str, others: pd.Series[int]) -> pd.DataFrame:
        """As `of`, in columns METRIC_ratio: to another point within blocks; `others` has that
        one's number for each point that has one. METRIC_ratio_n has the blocks that have both."""
        values = self._by_block(metric)
        other_of = np.full(self._points, -1)
        other_of[others.index] = others
        points = values.index.to_numpy() % self._points
        below = values.reindex(values.index + (other_of[points] - points))
        ratios = values / below.to_numpy()  # by pandas, to which a rate of 0 is no warning
        codes = np.where(other_of[points] >= 0, points, -1)
        found = of_groups(Grouping(codes, self._points), {f"{metric}_ratio": ratios})
        both = (codes >= 0) & np.isfinite(ratios.to_numpy())
        n = np.bincount(codes[both], minlength=self._points)
        return found.assign(**{f"{metric}_ratio_n": n})

    def _by_block(self, metric: str) -> pd.Series[float]:
        """Medians by block and point, both in one number: the place of the block among all,
        times the number of points, plus the point's."""
        values = self._trials[metric].to_numpy(dtype="float64", na_value=np.nan)
        kept = (self._codes >= 0) & np.isfinite(values)
        block, _ = pd.factorize(self._trials["block"].to_numpy(dtype="int64")[kept])
        found = pd.Series(values[kept], index=block * self._points + self._codes[kept])
        several = found.index.duplicated(keep=False)  # few have: grouping takes long
        return pd.concat([found[~several], found[several].groupby(level=0).median()])


@lru_cache(maxsize=RUNS)
def spreads(run: Run) -> Spreads:
    """Those of a run."""
    return Spreads(run.trials, numbers(run.trials))


def with_void(
    run: Run,
    trials: pd.DataFrame,
    keys: Sequence[str],
    metrics: Sequence[str],
    *,
    failures: bool = True,
) -> pd.DataFrame:
    """Medians and intervals of the valid ones of some trials of the run, a row per group of
    `keys`, which are settings, with `n` and the number of void ones beside; sorted by `keys`.
    A metric of which some are lower bounds has METRIC_bounded beside it. Groups that have only void
    ones keep their row. With `failures` come those of the shares of `analysis.outcomes.goodput`
    that have something to tell, and the goodput beside a rate."""
    if not len(trials):
        return pd.DataFrame()
    points = trials[["point", *keys]].iloc[first_rows(trials)]
    grouped = points.groupby(list(keys), sort=True, observed=True, dropna=False)
    table = pd.DataFrame(index=grouped.size().index).reset_index()
    known, codes = spreads(run), numbers(points)
    group_of = np.zeros(len(known.valid), dtype="int64")
    group_of[codes] = grouped.ngroup()
    valid = trials["valid"].to_numpy(dtype=bool)
    groups = group_of[numbers(trials)]
    table["n"] = np.bincount(groups[valid], minlength=len(table))
    table["void"] = np.bincount(groups[~valid], minlength=len(table))
    if failures:
        shares = goodput.shares(trials, groups, len(table))
        told = goodput.noteworthy(shares)
        table = table.join(shares[[n for n in told if n != goodput.GOODPUT or RATE in metrics]])
    measured = codes[known.valid[codes] > 0]
    place = np.full(len(table), -1)
    place[group_of[measured]] = measured
    # A group of one point, and all trials of it: then its figures are those of the point.
    whole = table["n"].sum() == known.valid[place[place >= 0]].sum() == known.valid[codes].sum()
    remembered = [name for name in metrics if whole and name in run.trials]
    others = {name: trials[name] for name in metrics if name not in remembered}
    if remembered:
        table = table.join(known.of(remembered).reindex(place).reset_index(drop=True))
    if others:
        grouping = Grouping(np.where(valid, groups, -1), len(table))
        table = table.join(of_groups(grouping, others))
    for name, flags in bounded(run).items():
        if name in metrics:
            held = flags[trials.index.to_numpy()]
            table[f"{name}{END}"] = medians_bounded(held, np.where(valid, groups, -1), len(table))
    return table


def numbers(trials: pd.DataFrame) -> Numbers:
    """Which point each trial is of, as the number of its category."""
    codes: Numbers = trials["point"].cat.codes.to_numpy().astype("int64")
    return codes


def first_rows(trials: pd.DataFrame) -> NDArray[np.intp]:
    """Where each point stands first, in the order of the trials."""
    codes = numbers(trials)
    first = np.full(len(trials["point"].cat.categories), -1, dtype="intp")
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return np.sort(first[first >= 0])
