"""Groups of a column, all at once, are what each of them is by itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.medians import BOOTSTRAP_FROM, medians


def by_itself(values: np.ndarray) -> tuple[float, float, float]:
    """One group, by scipy and numpy."""
    data = values[np.isfinite(values)]
    if len(data) < 2:
        return (float(data[0]), math.nan, math.nan) if len(data) else (math.nan,) * 3
    middle = float(np.median(data))
    if data.min() == data.max():
        return middle, middle, middle
    if len(data) >= BOOTSTRAP_FROM:
        return middle, *of_resamples(data)
    scale = np.log(data) if data.min() > 0 else data
    low, high = stats.t.interval(0.95, len(data) - 1, scale.mean(), stats.sem(scale))
    if data.min() > 0:
        low, high = np.exp([low, high])
    return middle, min(low, middle), max(high, middle)


def of_resamples(data: np.ndarray) -> tuple[float, float]:
    """The smallest values that the median of a resample is at most in 2.5% and 97.5% of cases."""
    n = len(data)
    chance = np.arange(1, n + 1) / n
    lower = stats.binom.sf((n + 1) // 2 - 1, n, chance)  # of the lower one of two middle values
    upper = stats.binom.sf(n // 2, n, chance)
    return np.sort(data)[np.argmax(lower >= 0.025)], np.sort(data)[np.argmax(upper >= 0.975)]


@pytest.mark.parametrize("usual", [1, 2, 5, 29, 31, 200])
def test_groups_are_what_each_is(usual: int) -> None:
    source = np.random.default_rng(usual)
    groups = 40
    codes = source.integers(-1, groups, usual * groups)
    codes[codes == 7] = 8  # one has no rows
    column = source.lognormal(3, 1, len(codes))
    column[codes % 5 == 1] -= 20  # some of these are negative
    column[codes % 5 == 2] = 4.25
    column[source.random(len(codes)) < 0.1] = math.nan
    column[codes == 9] = math.nan
    column[0], column[-1] = math.inf, -math.inf
    before = column.copy()
    found = medians(column, codes, groups)
    expected = np.array([by_itself(column[codes == group]) for group in range(groups)]).T
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    np.testing.assert_array_equal(column, before)
    assert np.isnan(found[:, [7, 9]]).all()


def test_many_groups_have_a_median_each() -> None:
    groups = 2**15 + 5
    codes = np.repeat(np.arange(groups), 2)[::-1].copy()
    column = codes.astype("float64")
    column[::2] += 1
    middle, low, high = medians(column, codes, groups)
    np.testing.assert_array_equal(middle, np.arange(groups) + 0.5)
    assert (low < high).all()


def test_the_largest_floats_have_a_middle() -> None:
    most = float(np.finfo("f8").max)
    column = np.array([most, most / 2])
    middle, _, _ = medians(column, np.zeros(2, dtype="int64"), 1)
    assert middle[0] == most * 0.75


def test_no_rows_are_no_middles() -> None:
    assert np.isnan(medians(np.ones(3), np.full(3, -1), 2)).all()
