"""Estimates: the middle of a few repeats, and how far it can be trusted (see `medians`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from analysis.arrays import Floats, Numbers
from analysis.statistics.looks import MOST, TAIL, next_look, tail
from analysis.statistics.medians import bootstrapped, medians

ONE, STUDENT, BOOTSTRAP, ORDER = "one repeat", "Student's t", "bootstrap", "order statistics"
WELCH = "Welch's t"
FACTS = ("range", "maximum", "count")
"""Methods that give no interval of confidence."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A middle with its 95% interval; NaN where there is none.

    `spread` is the standard deviation of the logarithms (0.05 is about 5%). `first` is the number
    of repeats at the first look of several, 0 where there is only one (see `looks`).
    """

    value: float
    low: float
    high: float
    n: int
    method: str = ""
    spread: float = float("nan")
    first: int = 0

    @property
    def bounded(self) -> bool:
        """Whether there is an interval."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))

    @property
    def interval(self) -> tuple[float, float]:
        """Its ends; NaN where what stands there is a smallest and a largest value, or a count."""
        return (float("nan"),) * 2 if self.method in FACTS else (self.low, self.high)


def nothing() -> Estimate:
    """The estimate of no values at all."""
    return Estimate(float("nan"), float("nan"), float("nan"), 0)


def estimate(values: ArrayLike, first: int = 0) -> Estimate:
    """The median of `values` (NaN left out) with its 95% interval, which is as wide as several
    looks need where the first of them was at `first` values."""
    data = finite(values)
    n = len(data)
    if not n:
        return nothing()
    median, low, high = medians(data, np.zeros(n, dtype="int64"), 1, first)[:, 0].tolist()
    method = ONE if n == 1 else BOOTSTRAP if bootstrapped(n, first) else STUDENT
    spread = float(np.log(data).std(ddof=1)) if n > 1 and data.min() > 0 else float("nan")
    return Estimate(median, low, high, n, method, spread, first)


def summarise(frame: pd.DataFrame, by: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    """Per group of `by`: `n` rows, and for each metric its median in a column of
    the metric's name with the interval in `_low` and `_high`; one row per group,
    sorted by `by`, which stay columns. A missing setting is a group of its own."""
    grouped = frame.groupby(list(by), sort=True, observed=True, dropna=False)
    result = grouped.size().rename("n").reset_index()
    return result.join(
        of_groups(frame[list(metrics)], grouped.ngroup().to_numpy(dtype="int64"), len(result))
    )


def of_groups(values: pd.DataFrame, groups: Numbers, count: int) -> pd.DataFrame:
    """The same of rows whose groups are known: a row per group, NaN where nothing was measured.
    `groups` has the number of each row's group, below `count`, or -1 for one of none."""
    found: dict[str, Floats] = {}
    for name in values:
        column = values[name].to_numpy(dtype="float64", na_value=np.nan)
        found[f"{name}"], found[f"{name}_low"], found[f"{name}_high"] = medians(
            column, groups, count
        )
    return pd.DataFrame(found)


def order_interval(values: ArrayLike, outside: float = TAIL) -> Estimate:
    """The median with the interval between two of the values themselves, which leaves out so much
    `outside` on each side.

    It assumes nothing of their distribution (Conover, *Practical Nonparametric
    Statistics*, section 3.2), so it suits values that pile up at a limit, such
    as the second that a lost SYN costs. It needs six values for 95%; fewer give
    no interval.
    """
    data = np.sort(finite(values))
    n = len(data)
    if not n:
        return nothing()
    middle = float(np.median(data))
    # The chance that at most k of n values lie below the median, for k = 0, 1, ...
    below = int((special.bdtr(np.arange(n), n, 0.5) <= outside).sum()) - 1
    if below < 0:
        return Estimate(middle, float("nan"), float("nan"), n, ORDER)
    return Estimate(middle, float(data[below]), float(data[n - 1 - below]), n, ORDER)


def beside(logs: Floats, base: Floats) -> Estimate:
    """The ratio of two groups of their own, from the logarithms of each: of geometric means, with
    Welch's interval (*The generalization of Student's problem*, Biometrika 34, 1947). The base has
    an error too: an interval that takes it as known holds the truth in 88% of cases with five
    blocks, and in 85% with twenty.

    With a row for each block and a column for each point, NaN where it has none, each point that
    both have counts alike, however many of its blocks are left (`_over_points`). No interval where
    such a point has fewer than two of a group. `n` are the blocks of the first group."""
    mine, theirs = (np.asarray(one, dtype="float64") for one in (logs, base))
    mine, theirs = (one.reshape(len(one), 1 if one.ndim == 1 else -1) for one in (mine, theirs))
    common = np.isfinite(mine).any(axis=0) & np.isfinite(theirs).any(axis=0)
    if not common.any():
        return nothing()
    mine, theirs = mine[:, common], theirs[:, common]
    n = int(np.isfinite(mine).any(axis=1).sum())
    sides = [_over_points(one) for one in (mine, theirs)]
    size = sides[0][0] - sides[1][0]
    value = float(np.exp(size))
    if any(np.isnan(error) for _, error, _ in sides):
        return Estimate(value, float("nan"), float("nan"), n, ONE)
    total = sum(error for _, error, _ in sides)
    if not total:
        return Estimate(value, value, value, n, WELCH)
    freedom = total**2 / sum(error**2 / free for _, error, free in sides)
    half = float(special.stdtrit(freedom, 1 - TAIL)) * np.sqrt(total)
    ends = np.exp([size - half, size + half])
    return Estimate(value, float(ends[0]), float(ends[1]), n, WELCH)


def _over_points(logs: Floats) -> tuple[float, float, float]:
    """The mean over points (columns) of their means over blocks (rows), its squared error and the
    degrees of freedom of that; NaN where a point has a single block.

    The sample is the block: what the points of a block have in common is in the error, as the
    deviations from the points' means add up within a block before they are squared. Where no block
    is missing it is the error of the mean of the blocks' means. The degrees of freedom are those of
    the points, the noisier weighing more.
    """
    known = np.isfinite(logs)
    n = known.sum(axis=0)
    middles = np.where(known, logs, 0.0).sum(axis=0) / n
    value = float(middles.mean())
    if n.min() < 2:
        return value, float("nan"), float("nan")
    off = np.where(known, logs - middles, 0.0) * np.sqrt(n / (n - 1)) / n
    of_point = (off**2).sum(axis=0)
    if not of_point.any():
        return value, 0.0, float(n.min() - 1)
    error = float((off.mean(axis=1) ** 2).sum())
    return value, error, float(of_point.sum() / (of_point / (n - 1)).sum())


def finite(values: ArrayLike) -> Floats:
    """The finite ones of `values`, as floats."""
    data: Floats
    if isinstance(values, pd.Series):
        data = values.to_numpy(dtype="float64", na_value=np.nan)
    else:
        data = np.asarray(values, dtype="float64")
    kept: Floats = data[np.isfinite(data)]
    return kept


def repeats_needed(found: Estimate, distance: float, bounds: int = 1) -> int | None:
    """How many repeats would bring the interval's half width, in logarithms, under `distance` with
    the spread seen so far; None if more than MOST, or if no spread was seen. Of several looks it is
    the next one at which that is so. `bounds` are those that hold together (see `extremes`)."""
    if not (np.isfinite(found.spread) and distance > 0):
        return None
    n = next_look(found.n, found.first) if found.first else 3
    while n <= MOST:
        critical = special.stdtrit(n - 1, 1 - tail(n, found.first) / bounds)
        if critical * found.spread / np.sqrt(n) < distance:
            return n
        n = next_look(n, found.first) if found.first else n + 1
    return None
