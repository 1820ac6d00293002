"""Medians with intervals, by point and by whatever settings a figure groups its trials by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.arrays import Flags, Numbers
from analysis.outcomes import goodput
from analysis.outcomes.lower_bounds import END, medians_bounded
from analysis.records.run import Run, remembered
from analysis.statistics.estimates import of_groups
from contract.outcomes import NOT_MEASURED

RATE = "requests_per_s"


class PointMedians:
    """The points of one run, in the order of the categories of the column `point`; `codes` has
    the number of each trial's point, which may be that of another one with equal settings."""

    def __init__(self, trials: pd.DataFrame, codes: Numbers) -> None:
        self._trials = trials
        self._codes = np.where(trials["valid"].to_numpy(dtype=bool), codes, -1)
        self._points = len(trials["point"].cat.categories)
        self.words = by_word(trials, codes, self._points)
        """By point."""

    def of(self, metrics: Sequence[str]) -> pd.DataFrame:
        """A row per point, and for each metric its median with the ends of its 95% interval in
        `_low` and `_high`; NaN where nothing was measured."""
        return of_groups(self._trials[list(metrics)], self._codes, self._points)

    def bounded(self, run: Run, metric: str) -> Flags:
        """By number of the point, whether the median is a bound."""
        return medians_bounded(run, metric, self._codes, self._points)

    def ratios(self, metric: str, others: pd.Series[int]) -> pd.DataFrame:
        """As `of`, in columns METRIC_ratio: to another point within blocks; `others` has that
        one's number for each point that has one. METRIC_ratio_n has the blocks that have both."""
        trials = pd.DataFrame(
            {
                "block": self._trials["block"].to_numpy(dtype="int64"),
                "point": self._codes,
                "value": self._trials[metric].to_numpy(dtype="float64", na_value=np.nan),
            }
        )
        by_block = trials[self._codes >= 0].groupby(["block", "point"], as_index=False).median()
        mine = by_block.assign(other=by_block["point"].map(others)).dropna(subset="other")
        both = mine.merge(
            by_block,
            left_on=["block", "other"],
            right_on=["block", "point"],
            suffixes=("", "_of_other"),
        )
        ratios = pd.DataFrame({f"{metric}_ratio": both["value"] / both["value_of_other"]})
        points = both["point"].to_numpy(dtype="int64")
        measured = np.isfinite(ratios[f"{metric}_ratio"].to_numpy())
        n = np.bincount(points[measured], minlength=self._points)
        return of_groups(ratios, points, self._points).assign(**{f"{metric}_ratio_n": n})


def by_word(trials: pd.DataFrame, groups: Numbers, size: int) -> pd.DataFrame:
    """The trials of each of `size` groups by their words: `n` were measured, and NOT_MEASURED."""
    flags = {
        "n": trials["measured"].to_numpy(dtype=bool),
        **{one: (trials["validity"] == one).to_numpy(dtype=bool) for one in NOT_MEASURED},
    }
    return pd.DataFrame(
        {name: np.bincount(groups[held], minlength=size) for name, held in flags.items()}
    )


@remembered
def point_medians(run: Run) -> PointMedians:
    """The points of a run."""
    return PointMedians(run.trials, numbers(run.trials))


def with_words(
    run: Run,
    trials: pd.DataFrame,
    keys: Sequence[str],
    metrics: Sequence[str],
    *,
    failures: bool = True,
) -> pd.DataFrame:
    """Medians and intervals of those of some trials of the run that have figures, a row per group
    of `keys`, with the numbers of `by_word` beside; sorted by `keys`. A metric of which some are
    bounds has METRIC_bounded beside it. Groups without any figure keep their row.
    With `failures` come those of the shares of `analysis.outcomes.goodput` that have something to
    tell, and the goodput beside a rate."""
    if not len(trials):
        return pd.DataFrame()
    grouped = trials.groupby(list(keys), sort=True, observed=True, dropna=False)
    table = grouped.size().reset_index()[list(keys)]
    groups = grouped.ngroup().to_numpy(dtype="int64")
    valid = trials["valid"].to_numpy(dtype=bool)
    counting = np.where(valid, groups, -1)
    table = table.join(by_word(trials, groups, len(table)))
    if failures:
        shares = goodput.shares(trials, groups, len(table))
        noteworthy = goodput.noteworthy(shares)
        table = table.join(
            shares[[name for name in noteworthy if name != goodput.GOODPUT or RATE in metrics]]
        )
    table = table.join(of_groups(trials[list(metrics)], counting, len(table)))
    for name in metrics:
        held = medians_bounded(run, name, counting, len(table), trials.index.to_numpy())
        if held.any():
            table[f"{name}{END}"] = held
    return table


def numbers(trials: pd.DataFrame) -> Numbers:
    """Which point each trial is of, as the number of its category."""
    codes: Numbers = trials["point"].cat.codes.to_numpy().astype("int64")
    return codes


def first_rows(trials: pd.DataFrame) -> Numbers:
    """Where each point stands first, in the order of the trials."""
    return np.flatnonzero(~trials["point"].duplicated())
