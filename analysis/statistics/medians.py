"""The median of each group of values, and how far it can be trusted.

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

Where a run may look at a figure more than once, its interval is as wide as all looks need
(`analysis.statistics.looks`).

`tests/analysis/statistics/test_coverage.py` checks by simulation that these intervals
hold the truth in 93% to 97% of cases.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import special

from analysis.arrays import Floats, Numbers
from analysis.statistics.looks import TAIL, tail

BOOTSTRAP_FROM = 30


def medians(values: Floats, groups: Numbers, count: int, first: int = 0) -> Floats:
    """Three rows: by group, the median of its finite values, the lower and the upper end of the
    median's interval; NaN where there is none. `groups` has the number of each value's group,
    below `count`, or -1 for one that belongs to none; the first look of several was at `first`
    of its values (see `looks`)."""
    kept = np.isfinite(values) & (groups >= 0)
    values, groups = values[kept], groups[kept]
    values = values[np.lexsort((values, groups))]
    sizes = np.bincount(groups, minlength=count)
    measured = np.flatnonzero(sizes)
    found = np.full((3, count), np.nan)
    if len(measured):
        found[:, measured] = _of_sorted(values, sizes[measured], first)
    return found


def bootstrapped(n: int, first: int = 0) -> bool:
    """Whether the interval over `n` values is the bootstrap's; never where there are several looks,
    of which the first was at `first`."""
    return not first and n >= BOOTSTRAP_FROM


def _of_sorted(values: Floats, sizes: Numbers, first: int) -> Floats:
    """The same of groups that stand one after the other, sorted, none of them empty."""
    ends = np.cumsum(sizes)
    starts = ends - sizes
    smallest, largest = values[starts], values[ends - 1]
    # Halves, because the sum of two values may be more than a float holds.
    median = values[starts + (sizes - 1) // 2] / 2 + values[starts + sizes // 2] / 2
    tails = np.array([tail(n, first) for n in sizes.tolist()])
    low, high = _student(values, starts, sizes, tails)
    for group in np.flatnonzero([bootstrapped(n, first) for n in sizes.tolist()]):
        low[group], high[group] = values[starts[group] + _ranks(int(sizes[group]))]
    # An interval that would leave out the median it is shown with is widened to it.
    low, high = np.minimum(low, median), np.maximum(high, median)
    # Counts and times are not below nought, though an interval of few of them may reach there.
    low = np.where((smallest >= 0) & (low < 0), 0.0, low)
    # Equal values must not get an interval from rounding errors.
    equal = (smallest == largest) & (sizes > 1)
    return np.array([median, np.where(equal, median, low), np.where(equal, median, high)])


def _student(
    values: Floats, starts: Numbers, sizes: Numbers, tails: Floats
) -> tuple[Floats, Floats]:
    """The ends of Student's interval of sorted groups, on logarithms where all are positive; NaN
    of a single value."""
    positive = values[starts] > 0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scale = np.where(np.repeat(positive, sizes), np.log(values), values)
        mean = np.add.reduceat(scale, starts) / sizes
        squares = np.add.reduceat((scale - np.repeat(mean, sizes)) ** 2, starts)
        error = np.sqrt(squares / (sizes - 1) / sizes)
        half = special.stdtrit(sizes - 1, 1 - tails) * error
        low, high = mean - half, mean + half
        return np.where(positive, np.exp(low), low), np.where(positive, np.exp(high), high)


@lru_cache(maxsize=4096)
def _ranks(n: int) -> Numbers:
    """Which of n sorted values are the two ends of the bootstrap's interval.

    A resample's k-th smallest value is at most x_(i) when at least k of its n
    draws are, and each draw is with probability i/n. An even n has two middle
    values; taking the lower one for the lower end and the upper one for the
    upper end makes the interval a little wider, never narrower.
    """
    chances = np.arange(1, n) / n
    return np.array(
        [
            np.searchsorted(special.bdtrc((n + 1) // 2 - 1, n, chances), TAIL),
            np.searchsorted(special.bdtrc(n // 2, n, chances), 1 - TAIL),
        ]
    )
