"""Statistics against truths that are known without the code."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.statistics import estimates
from analysis.statistics.blocks import paired_ratio
from analysis.statistics.linear_cost import Growth, growth
from analysis.statistics.noise_floor import noise_floor
from tests.support import made_up_run as made


def test_no_values_give_no_estimate() -> None:
    found = estimates.estimate([])
    assert found.n == 0
    assert math.isnan(found.value)
    assert not found.bounded


def test_one_value_has_no_interval() -> None:
    found = estimates.estimate([5.0])
    assert (found.value, found.n, found.method) == (5.0, 1, estimates.ONE)
    assert not found.bounded


@pytest.mark.parametrize("n", [2, 3, 29, 30, 100])
@pytest.mark.parametrize("value", [0.0, 7.1, -3.0])
def test_equal_values_have_an_interval_of_no_width(value: float, n: int) -> None:
    found = estimates.estimate([value] * n)
    assert (found.low, found.value, found.high) == (value, value, value)


def test_missing_values_are_left_out() -> None:
    clean = estimates.estimate([1.0, 2.0, 4.0])
    holes = estimates.estimate([1.0, math.nan, 2.0, 4.0, math.inf])
    assert (holes.value, holes.low, holes.high, holes.n) == (2.0, clean.low, clean.high, 3)


def test_small_samples_use_students_t_on_logarithms() -> None:
    values = np.array([90.0, 100.0, 120.0])
    low, high = stats.t.interval(0.95, 2, np.log(values).mean(), stats.sem(np.log(values)))
    found = estimates.estimate(values)
    assert found.method == estimates.STUDENT
    assert found.value == 100.0
    assert (found.low, found.high) == pytest.approx((np.exp(low), np.exp(high)))


def test_values_at_or_below_zero_are_taken_as_they_are() -> None:
    values = np.array([-1.0, 1.0, 5.0])
    expected = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    found = estimates.estimate(values)
    assert (found.low, found.high) == pytest.approx(expected)


def test_an_interval_of_what_cannot_be_negative_begins_at_nought() -> None:
    """Overflows, errors and the like: an interval of a few of them would reach below."""
    values = np.array([0.0, 1.0, 5.0])
    _, high = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    found = estimates.estimate(values)
    assert (found.low, found.high) == pytest.approx((0, high))
    assert np.isnan(estimates.estimate([0.0]).low)


def test_the_interval_never_leaves_out_the_median() -> None:
    found = estimates.estimate([1.0] * 20 + [1000.0] * 9)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("n", [30, 31, 200])
def test_the_closed_bootstrap_agrees_with_resampling(n: int) -> None:
    values = np.random.default_rng(3).lognormal(0, 0.5, n)
    drawn = stats.bootstrap(
        (values,), np.median, method="percentile", n_resamples=20_000, rng=5, vectorized=True
    ).confidence_interval
    found = estimates.estimate(values)
    ends = [found.low, found.high, drawn.low, drawn.high]
    ranks = np.searchsorted(np.sort(values), ends)
    assert abs(ranks[0] - ranks[2]) <= 1
    assert abs(ranks[1] - ranks[3]) <= 1


def test_summarise_gives_each_group_its_own_estimate() -> None:
    frame = pd.DataFrame({"server": ["b", "a", "a", "b", "a"], "x": [5.0, 1.0, 2.0, math.nan, 4.0]})
    table = estimates.summarise(frame, ["server"], ["x"])
    assert table["server"].tolist() == ["a", "b"]
    assert table["n"].tolist() == [3, 2]
    single = estimates.estimate([1.0, 2.0, 4.0])
    assert (table["x_low"][0], table["x_high"][0]) == (single.low, single.high)
    assert table["x"][1] == 5.0
    assert math.isnan(table["x_low"][1])


@pytest.mark.parametrize("n", range(6))
def test_fewer_than_six_values_have_no_order_interval(n: int) -> None:
    assert not estimates.order_interval(list(range(n))).bounded


def test_the_order_interval_is_between_values_of_known_rank() -> None:
    # Conover's table: n = 6 gives the 1st and 6th value, n = 9 the 2nd and 8th.
    six = estimates.order_interval([6, 5, 4, 3, 2, 1])
    nine = estimates.order_interval(list(range(1, 10)))
    assert (six.low, six.high) == (1, 6)
    assert (nine.low, nine.value, nine.high) == (2, 5, 8)


def test_repeats_needed_grow_as_the_bound_comes_nearer() -> None:
    found = estimates.estimate([95.0, 100.0, 108.0])
    far, near = (estimates.repeats_needed(found, distance) for distance in (0.2, 0.05))
    assert far is not None
    assert near is not None
    assert 3 <= far < near
    assert estimates.repeats_needed(found, 1e-9) is None
    assert estimates.repeats_needed(estimates.estimate([1.0]), 0.1) is None


def test_a_ratio_is_taken_within_blocks() -> None:
    # The machine slows down tenfold from block to block; the ratio is 2 in each.
    rate = pd.Series([100.0, 10.0, 1.0])
    above = pd.DataFrame({"block": [1, 2, 3], "requests_per_s": rate * 2})
    below = pd.DataFrame({"block": [1, 2, 3], "requests_per_s": rate})
    found = paired_ratio(above, below, "requests_per_s")
    assert found.value == 2.0
    assert found.low == pytest.approx(2.0)
    assert found.high == pytest.approx(2.0)


def test_a_block_that_lacks_one_side_does_not_count() -> None:
    above = pd.DataFrame({"block": [1, 2], "requests_per_s": [4.0, 6.0]})
    below = pd.DataFrame({"block": [2, 3], "requests_per_s": [2.0, 2.0]})
    found = paired_ratio(above, below, "requests_per_s")
    assert (found.value, found.n) == (3.0, 1)


def line_of(frame: pd.DataFrame) -> Growth:
    return growth(frame["block"], frame["idle_connections"], 1e6 / frame["requests_per_s"])


def test_growth_finds_a_line_and_refuses_two_points() -> None:
    idle = [0, 1000, 10000]
    frame = pd.DataFrame(
        {
            "block": np.repeat([1, 2, 3], 3),
            "idle_connections": idle * 3,
            "requests_per_s": [1e6 / (9 + 0.1 * n) for n in idle] * 3,
        }
    )
    line = line_of(frame)
    assert line.r_squared.value == pytest.approx(1.0)
    assert line.slope.value == pytest.approx(0.1)
    assert line_of(frame[frame["idle_connections"] > 0]).r_squared.n == 0
    assert line_of(frame.head(0)).r_squared.n == 0


def test_a_line_agrees_with_scipy() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=8)
    y = 3 * x + rng.normal(size=8)
    found, expected = growth([1] * 8, x, y), stats.linregress(x, y)
    assert found.slope.value == pytest.approx(expected.slope)
    assert found.r_squared.value == pytest.approx(expected.rvalue**2)


def test_a_cost_that_does_not_grow_is_no_line() -> None:
    flat = pd.DataFrame(
        {"block": 1, "idle_connections": [0, 1000, 10000], "requests_per_s": [10.0, 10.0, 10.0]}
    )
    assert line_of(flat).r_squared.value == 0


def test_noise_floor_of_known_spread_and_drift(tmp_path_factory: pytest.TempPathFactory) -> None:
    del tmp_path_factory
    rng = np.random.default_rng(2)
    n = 400
    frame = pd.DataFrame(
        {
            "sweep": "reference",
            "measured": True,
            "block": np.arange(n) // 2,
            "position": np.arange(n),
            "requests_per_s": 1000 * np.exp(rng.normal(0, 0.05, n)),
        }
    )
    quiet = noise_floor(frame)
    assert quiet is not None
    assert quiet.spread == pytest.approx(0.05, rel=0.1)
    # 1.96 x sqrt(2) x 5%, as a factor
    assert quiet.floor == pytest.approx(np.expm1(1.96 * np.sqrt(2) * 0.05), rel=0.1)
    frame["requests_per_s"] *= np.linspace(1, 0.7, n)
    slowed = noise_floor(frame)
    assert slowed is not None
    assert slowed.drifted
    assert slowed.drift == pytest.approx(-0.3, abs=0.03)
    assert noise_floor(frame.head(1)) is None


def test_made_up_records_have_the_columns_of_the_record_format() -> None:
    assert len(made.trials(1)) == len(made.points())
