"""The median of each group of a column, and how far it can be trusted.

The sample is the trial, never the request. The median's 95% interval depends on how many
repeats there are:

- 2 to 29 repeats: Student's t on the logarithms of the values (Student, *The
  probable error of a mean*, Biometrika 6, 1908; on logarithms because rates and
  ratios spread by factors). A bootstrap of three values can only return one of
  ten medians: at best it gives minimum to maximum, which covers the truth in 75%
  of cases, not 95%. Student's interval is wide with three repeats (about 2.5
  standard deviations to each side), and that width is the honest answer. Where
  values are 0 or less there is no logarithm, and the plain values are used.
- 30 repeats or more: the percentile bootstrap of the median (Efron, *Bootstrap
  methods: another look at the jackknife*, Annals of Statistics 7, 1979, section
  3), in its closed form: for a median, infinitely many resamples have a
  binomial distribution, so none are drawn, and there is no seed.
- 1 repeat: no interval.

`tests/analysis/statistics/test_coverage.py` checks by simulation that these intervals
hold the truth in 93% to 97% of cases.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.distributions import at_most, student

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

CONFIDENCE = 0.95
TAIL = (1 - CONFIDENCE) / 2
BOOTSTRAP_FROM = 30
LARGE = 64
"""Values of a usual group: smaller ones are sorted all at once."""


class Grouping:
    """Which group each row belongs to, found once for all columns."""

    def __init__(self, codes: Counts, groups: int) -> None:
        """`codes` has the number of its group for each row, -1 for one that belongs to none."""
        rows = np.flatnonzero(codes >= 0)
        kept = codes[rows]
        # Numbers of two bytes are sorted by counting them.
        small = kept.astype("int16") if groups < 2**15 else kept
        self._rows = rows[np.argsort(small, kind="stable")]
        self._sizes = np.bincount(kept, minlength=groups)

    def medians(self, column: Floats) -> tuple[Floats, Floats, Floats]:
        """By group: the median of a column's finite values, the lower and the upper end of its
        interval; NaN where there is none."""
        values, sizes = column[self._rows], self._sizes
        finite = np.isfinite(values)
        if not finite.all():
            group = np.repeat(np.arange(len(sizes)), sizes)
            sizes = np.bincount(group[finite], minlength=len(sizes))
            values = values[finite]
        held = np.flatnonzero(sizes)
        found = np.full((3, len(sizes)), np.nan)
        if len(held):
            found[:, held] = medians(values, sizes[held])
        return found[0], found[1], found[2]


def medians(values: Floats, sizes: Counts) -> Floats:
    """Medians, lower ends and upper ends of groups that stand one after the other in `values`,
    none of them empty; sorts the values of each group in place."""
    ends = np.cumsum(sizes)
    starts = ends - sizes
    _sort(values, starts, ends)
    # Halves, because the sum of two values may be more than a float holds.
    median = values[starts + (sizes - 1) // 2] / 2 + values[starts + sizes // 2] / 2
    low, high = _student(values, starts, sizes)
    # Equal values must not get an interval from rounding errors; and an interval
    # that would leave out the median it is shown with is widened to it.
    equal = (values[starts] == values[ends - 1]) & (sizes > 1)
    some = np.where(sizes > 1, median, np.nan)
    low = np.where(equal, median, np.fmin(low, some))
    high = np.where(equal, median, np.fmax(high, some))
    # Counts and times are not below nought, though an interval of few of them may reach there.
    low = np.where(values[starts] >= 0, np.fmax(low, np.where(np.isnan(low), np.nan, 0.0)), low)
    for group in np.flatnonzero((sizes >= BOOTSTRAP_FROM) & ~equal):
        places = starts[group] + np.array(_ranks(int(sizes[group])))
        low[group], high[group] = values[places]
    return np.array([median, low, high])


@lru_cache(maxsize=4096)
def _ranks(n: int) -> tuple[int, int]:
    """Which of n sorted values are the ends of the bootstrap's interval.

    A resample's k-th smallest value is at most x_(i) when at least k of its n
    draws are, and each draw is with probability i/n. An even n has two middle
    values; taking the lower one for the lower end and the upper one for the
    upper end makes the interval a little wider, never narrower.
    """
    lower, upper = (n + 1) // 2 - 1, n // 2
    # Both chances rise with i, so the first that is enough is found by halving.
    low = bisect_left(range(1, n), TAIL, key=lambda i: 1 - float(at_most(lower, n, i / n)))
    high = bisect_left(range(1, n), 1 - TAIL, key=lambda i: 1 - float(at_most(upper, n, i / n)))
    return low, high


def _sort(values: Floats, starts: Counts, ends: Counts) -> None:
    if len(values) < LARGE * len(starts):
        values[:] = values[np.lexsort((values, np.repeat(np.arange(len(starts)), ends - starts)))]
        return
    for start, end in zip(starts, ends, strict=True):
        values[start:end].sort()


def _student(values: Floats, starts: Counts, sizes: Counts) -> tuple[Floats, Floats]:
    """The ends of Student's interval of sorted groups, on logarithms where all are positive."""
    positive = values[starts] > 0
    scale = values.copy()
    np.log(scale, out=scale, where=np.repeat(positive, sizes))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        mean = np.add.reduceat(scale, starts) / sizes
        scale -= np.repeat(mean, sizes)
        deviation = np.sqrt(np.add.reduceat(scale**2, starts) / (sizes - 1))
        half = student(sizes - 1, 1 - TAIL) * deviation / np.sqrt(sizes)
        low, high = mean - half, mean + half
        return np.where(positive, np.exp(low), low), np.where(positive, np.exp(high), high)
