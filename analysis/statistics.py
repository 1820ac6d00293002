"""The middle of a few repeats, and how far it can be trusted.

The sample is the trial, never the request. The middle is the median. Its 95%
interval depends on how many repeats there are:

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

`tests/unit/test_analysis_coverage.py` checks by simulation that these intervals
hold the truth in 93% to 97% of cases.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.distributions import at_most, student
from analysis.threads import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

CONFIDENCE = 0.95
TAIL = (1 - CONFIDENCE) / 2
BOOTSTRAP_FROM = 30
CELLS_AT_ONCE = 2_000_000
"""Columns are summarised together, as far as memory for their copies is small."""
ONE, STUDENT, BOOTSTRAP, ORDER = "one repeat", "Student's t", "bootstrap", "order statistics"
FACTS = ("range", "maximum", "count")
"""Methods that give no interval of confidence."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A middle with its 95% interval; NaN where there is none.

    `spread` is the standard deviation of the logarithms (0.05 is about 5%).
    """

    value: float
    low: float
    high: float
    n: int
    method: str = ""
    spread: float = float("nan")

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


def estimate(values: ArrayLike) -> Estimate:
    """The median of `values` (NaN left out) with its 95% interval."""
    data = finite(values)
    if not len(data):
        return nothing()
    row = summarise(pd.DataFrame({"all": 0, "x": data}), ["all"], ["x"]).iloc[0]
    n = len(data)
    method = ONE if n == 1 else STUDENT if n < BOOTSTRAP_FROM else BOOTSTRAP
    spread = float(np.log(data).std(ddof=1)) if n > 1 and data.min() > 0 else float("nan")
    return Estimate(float(row["x"]), float(row["x_low"]), float(row["x_high"]), n, method, spread)


def summarise(frame: pd.DataFrame, by: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    """Per group of `by`: `n` rows, and for each metric its median in a column of
    the metric's name with the interval in `_low` and `_high`; one row per group,
    sorted by `by`, which stay columns. A missing setting is a group of its own."""
    grouped = frame.groupby(list(by), sort=True, observed=True, dropna=False)
    result = pd.DataFrame({"n": grouped.size()})
    codes = np.asarray(grouped.ngroup(), dtype=np.int64)
    values = {name: frame[name] for name in metrics}
    found = summarise_groups(codes, len(result), values).set_axis(result.index)
    return pd.concat([result, found], axis=1).reset_index()


def summarise_groups(
    codes: NDArray[np.int64], groups: int, values: Mapping[str, pd.Series[float]]
) -> pd.DataFrame:
    """The same by number of group: `codes` has it for each value, -1 for one that belongs to
    none. A row for each of the `groups`, in their order; NaN where nothing was measured."""
    found: dict[str, Floats] = {}
    belongs = codes >= 0
    kept = codes if belongs.all() else codes[belongs]
    names = [name for name, column in values.items() if column.notna().any()]
    step = max(1, CELLS_AT_ONCE // max(1, len(kept)))
    parts = [names[first : first + step] for first in range(0, len(names), step)]

    def of_part(part: Sequence[str]) -> list[tuple[Floats, Floats, Floats]]:
        columns = [_floats(values[name]) for name in part]
        if len(kept) < len(codes):
            columns = [column[belongs] for column in columns]
        return list(_per_group(kept, columns, groups))

    for part, ends_of in zip(parts, side_by_side(of_part, parts), strict=True):
        for name, ends in zip(part, ends_of, strict=True):
            found[name], found[f"{name}_low"], found[f"{name}_high"] = ends
    columns_of_all = [f"{name}{end}" for name in values for end in ("", "_low", "_high")]
    return pd.DataFrame(found, index=pd.RangeIndex(groups)).reindex(columns=columns_of_all)


def _per_group(
    codes: NDArray[np.int64], values: Sequence[Floats], groups: int
) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Of each column of values: medians with the lower and upper ends of their intervals."""
    table = pd.DataFrame(
        {
            place: np.where(np.isfinite(column), column, np.nan)
            for place, column in enumerate(values)
        }
    )
    # Numbers that are categories already need not be found out by hashing each.
    by = pd.CategoricalIndex(pd.Categorical.from_codes(codes, pd.RangeIndex(groups)))
    grouped = table.groupby(by, observed=False)
    n, lowest, highest, median = (
        found.to_numpy(dtype="float64")
        for found in (grouped.count(), grouped.min(), grouped.max(), grouped.median())
    )
    positive = ~(lowest <= 0)  # those without values too
    mean, sd = _moments(table, by, positive)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        half = student(n - 1, 1 - TAIL) * sd / np.sqrt(n)
        low, high = mean - half, mean + half
        low, high = np.where(positive, np.exp(low), low), np.where(positive, np.exp(high), high)
    # Equal values must not get an interval from rounding errors; and an interval
    # that would leave out the median it is shown with is widened to it.
    equal = (lowest == highest) & (n > 1)
    low = np.where(equal, median, np.fmin(low, np.where(n > 1, median, np.nan)))
    high = np.where(equal, median, np.fmax(high, np.where(n > 1, median, np.nan)))
    many = (n >= BOOTSTRAP_FROM) & ~equal
    indices = grouped.indices if many.any() else {}
    for group, place in np.argwhere(many):
        data = finite(values[place][indices[group]])
        low[group, place], high[group, place] = bootstrap_of_median(data)
    yield from zip(median.T, low.T, high.T, strict=True)


def _moments(
    table: pd.DataFrame, by: pd.CategoricalIndex, positive: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Mean and standard deviation by group: of logarithms where a group's values are positive."""
    logs, plain = _logs(table).groupby(by, observed=False), table.groupby(by, observed=False)
    if positive.all():
        return logs.mean().to_numpy(), logs.std().to_numpy()
    return (
        np.where(positive, logs.mean(), plain.mean()),
        np.where(positive, logs.std(), plain.std()),
    )


def _floats(values: pd.Series[float]) -> Floats:
    return np.asarray(values.to_numpy(dtype="float64", na_value=np.nan), dtype=np.float64)


def _logs(table: pd.DataFrame) -> pd.DataFrame:
    """NaN where there is none."""
    return pd.DataFrame(np.log(table.where(table > 0).to_numpy()))


def bootstrap_of_median(values: Floats) -> tuple[float, float]:
    """Percentile bootstrap interval of the median, in closed form.

    A resample's k-th smallest value is at most x_(i) when at least k of its n
    draws are, and each draw is with probability i/n. An even n has two middle
    values; taking the lower one for the lower end and the upper one for the
    upper end makes the interval a little wider, never narrower.
    """
    data = np.sort(values)
    n = len(data)
    lower, upper = (n + 1) // 2 - 1, n // 2
    # Both chances rise with i, so the first that is enough is found by halving.
    low = bisect_left(range(1, n), TAIL, key=lambda i: 1 - float(at_most(lower, n, i / n)))
    high = bisect_left(range(1, n), 1 - TAIL, key=lambda i: 1 - float(at_most(upper, n, i / n)))
    return float(data[low]), float(data[high])


def order_interval(values: ArrayLike) -> Estimate:
    """The median with the interval between two of the values themselves.

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
    below = int((at_most(np.arange(n), n, 0.5) <= TAIL).sum()) - 1
    if below < 0:
        return Estimate(middle, float("nan"), float("nan"), n, ORDER)
    return Estimate(middle, float(data[below]), float(data[n - 1 - below]), n, ORDER)


def finite(values: ArrayLike) -> Floats:
    """The finite ones of `values`, as floats."""
    data: Floats
    if isinstance(values, pd.Series):
        data = values.to_numpy(dtype="float64", na_value=np.nan)
    else:
        data = np.asarray(values, dtype="float64")
    kept: Floats = data[np.isfinite(data)]
    return kept


def repeats_needed(found: Estimate, distance: float, limit: int = 200) -> int | None:
    """How many repeats would bring the interval's half width, in logarithms,
    under `distance` with the spread seen so far; None if more than `limit`."""
    if not (np.isfinite(found.spread) and distance > 0):
        return None
    n = np.arange(3, limit + 1)
    half = student(n - 1, 1 - TAIL) * found.spread / np.sqrt(n)
    enough = n[half < distance]
    return int(enough[0]) if len(enough) else None
