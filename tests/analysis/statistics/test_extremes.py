"""Extremes that were picked by their figures: their intervals hold what they say, by simulation."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from scipy import special
from scipy.stats import studentized_range

from analysis.statistics.estimates import ORDER, Estimate, estimate
from analysis.statistics.extremes import largest_over_smallest, of_blocks, widened, widening
from analysis.statistics.looks import FIRST, TAIL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from analysis.arrays import Floats

RUNS = 1500
WEATHER = 0.1
"""Of the machine from block to block: all servers of a block share it."""
EVEN, ONE_NOISY = (0.08,) * 5, (0.01, 0.01, 0.01, 0.01, 0.15)


def machines(
    spread: tuple[float, ...], blocks: int, truth: Floats | None = None
) -> Iterator[Floats]:
    """Rates by block and server, drawn from seeded chance."""
    rng = np.random.default_rng(20260101 + blocks + len(spread))
    for _ in range(RUNS):
        weather = rng.normal(0, WEATHER, (blocks, 1))
        noise = rng.normal(0, 1, (blocks, len(spread))) * spread
        yield np.exp(weather + noise + (0.0 if truth is None else truth))


def picked(rates: Floats) -> Estimate:
    """Best over worst as if nobody had picked them."""
    middles = np.median(rates, axis=0)
    return estimate(rates[:, middles.argmax()] / rates[:, middles.argmin()])


@cache
def _range(servers: int, freedom: int) -> float:
    return float(studentized_range.ppf(0.975, servers, freedom))


def tukey(rates: Floats) -> Estimate:
    """By the studentized range of means, with one spread for all."""
    logs = np.log(rates)
    blocks, servers = logs.shape
    left = logs - logs.mean(axis=0) - logs.mean(axis=1, keepdims=True) + logs.mean()
    freedom = (servers - 1) * (blocks - 1)
    half = _range(servers, freedom) * np.sqrt((left**2).sum() / freedom)
    width = np.ptp(logs.mean(axis=0))
    low, high = np.exp(width - half / np.sqrt(blocks)), np.exp(width + half / np.sqrt(blocks))
    return Estimate(float(np.exp(width)), float(low), float(high), blocks)


def games_howell(rates: Floats) -> Estimate:
    """The same with a spread for each pair."""
    logs, ends = np.log(rates), []
    factor = _range(logs.shape[1], len(logs) - 1) / np.sqrt(2)
    for first, second in combinations(range(logs.shape[1]), 2):
        step = logs[:, first] - logs[:, second]
        half = factor * step.std(ddof=1) / np.sqrt(len(step))
        ends.append((abs(step.mean()) - half, abs(step.mean()) + half))
    low, high = np.exp(np.max(ends, axis=0))
    return Estimate(1.0, float(low), float(high), len(logs))


def above(method: Callable[[Floats], Estimate], spread: tuple[float, ...], blocks: int) -> float:
    """How often an interval of equal servers lies wholly above 1."""
    return float(np.mean([method(rates).low > 1 for rates in machines(spread, blocks)]))


@pytest.mark.parametrize("spread", [EVEN[:2], EVEN[:3], EVEN, EVEN * 2, ONE_NOISY])
@pytest.mark.parametrize("blocks", [5, 10])
def test_best_over_worst_of_equal_servers_is_above_one_in_2_5_percent(
    spread: tuple[float, ...], blocks: int
) -> None:
    assert (
        above(of_blocks, spread, blocks) <= 0.025 + 0.012
    )  # three standard errors of the simulation


@pytest.mark.parametrize(("servers", "least"), [(3, 0.06), (5, 0.09), (10, 0.13)])
def test_an_interval_that_forgets_the_picking_would_not(servers: int, least: float) -> None:
    assert above(picked, (0.08,) * servers, 5) > least


def test_the_alternatives_would_not() -> None:
    assert above(tukey, EVEN, 5) < 0.037
    assert above(tukey, ONE_NOISY, 5) > 0.08
    assert above(games_howell, EVEN, 5) > 0.037


@pytest.mark.parametrize("truth", [(0.0, 0.0, 0.3), (0.0, 0.1, 0.2), (0.0, 0.01, 0.02)])
@pytest.mark.parametrize("blocks", [5, 10])
def test_it_holds_the_ratio_of_the_true_extremes(truth: tuple[float, ...], blocks: int) -> None:
    ratio = np.exp(max(truth) - min(truth))
    found = [of_blocks(rates) for rates in machines(EVEN[:3], blocks, np.array(truth))]
    assert np.mean([one.low <= ratio <= one.high for one in found]) >= 0.95


def test_missing_blocks_cost_width_and_no_truth() -> None:
    rng = np.random.default_rng(5)
    above_one = []
    for rates in machines(EVEN[:3], 10):
        gaps = rng.random(rates.shape) < 0.3
        above_one.append(of_blocks(np.where(gaps, np.nan, rates)).low > 1)
    assert np.mean(above_one) <= 0.037


def test_true_extremes_are_found() -> None:
    (rates, *_) = machines(EVEN[:3], 5, np.array([0.0, 1.0, 2.0]))
    found = of_blocks(rates)
    assert found.value == pytest.approx(np.exp(2), rel=0.2)
    assert found.low > np.e
    assert found.n == 5
    assert np.isfinite(found.spread)


def test_the_ratio_of_the_largest_to_the_smallest_lies_in_its_interval() -> None:
    """The pair with the largest mean may have a median on the other side of 1."""
    logs = np.array([[-0.02, 0], [-0.02, 0], [-0.02, 0], [0.3, 0], [-0.02, 0]])
    found = of_blocks(np.exp(logs))
    assert found.low <= found.value <= found.high
    assert found.value == 1


@pytest.mark.parametrize(("blocks", "bounded"), [(1, False), (2, True)])
def test_one_block_gives_no_interval(blocks: int, bounded: bool) -> None:
    assert of_blocks(np.array([[1.0, 2.0, 3.0], [1.0, 2.1, 3.0]])[:blocks]).bounded is bounded


def test_blocks_are_paired_by_their_numbers() -> None:
    first, second = pd.Series([2.0, 4.0, 9.0], [1, 2, 5]), pd.Series([2.0, 1.0, 5.0], [2, 1, 4])
    found = largest_over_smallest([first, second])
    assert found.value == pytest.approx(2)
    assert found.n == 2


def test_nothing_in_common_is_nothing() -> None:
    found = largest_over_smallest([pd.Series([1.0], [1]), pd.Series([2.0], [2])])
    assert (found.n, found.bounded) == (0, False)


def test_nought_has_no_ratio() -> None:
    assert of_blocks(np.array([[0.0, 2.0], [1.0, 2.0], [1.0, 2.0]])).n == 2


@pytest.mark.parametrize("many", [4, 12])
def test_the_most_telling_of_many_ratios_is_above_one_in_2_5_percent(many: int) -> None:
    """Of so many settings of two equal servers, the one with the largest ratio is picked."""
    rng = np.random.default_rng(many)
    plain, wide = 0, 0
    for _ in range(RUNS):
        ratios = np.exp(rng.normal(0, 0.1, (many, 5)))
        found = [estimate(one) for one in ratios]
        plain += any(one.low > 1 for one in found)
        wide += any(widened(one, many).low > 1 for one in found)
    assert wide / RUNS <= 0.037
    assert plain / RUNS > 0.025 * many / 2


def test_widening_is_that_of_the_t_distribution() -> None:
    assert widening(5, 1) == pytest.approx(1)
    assert widening(5, 4) == pytest.approx(4.3147 / 2.7764, rel=1e-3)
    assert widening(100, 4) < widening(5, 4)


def test_what_is_no_interval_of_confidence_is_not_widened() -> None:
    for found in (
        estimate([1.0]),
        Estimate(1.0, 0.5, 2.0, 7, ORDER),
        Estimate(3, 3, 3, 5, "count"),
    ):
        assert widened(found, 9) is found


def test_several_looks_make_the_interval_of_any_pair_as_much_wider() -> None:
    rng = np.random.default_rng(3)
    values = np.exp(rng.normal([0.0, 0.5, 1.0], 0.1, (5, 3)))
    once, first = of_blocks(values), of_blocks(values, 5)
    assert (once.first, first.first, first.value) == (0, 5, once.value)
    factor = special.stdtrit(4, 1 - FIRST / 6) / special.stdtrit(4, 1 - TAIL / 6)
    middle = float(np.log(values[:, 2] / values[:, 0]).mean())
    assert np.log(first.high) - middle == pytest.approx((np.log(once.high) - middle) * factor)
