"""A change of the rate within a window is told from noise: how often it is not, by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from contract.columns import MOST_TREND
from experiments.records.rate_trend import in_words, rate_trend
from loadgen.engine.pulse import PARTS

RUNS = 2_000
MOST_FALSE = 0.01
PLACES = (np.arange(PARTS) + 0.5) / PARTS


def noise(spread: float, lasting: float = 0.0) -> np.ndarray:
    """Runs of factors around 1; `lasting` is the correlation of one part with the next."""
    fresh = np.random.default_rng(1).standard_normal((RUNS, PARTS)) * spread
    found = fresh.copy()
    for place in range(1, PARTS):
        before = found[:, place - 1]
        found[:, place] = lasting * before + (1 - lasting**2) ** 0.5 * fresh[:, place]
    return 1 + found


def told(rates: np.ndarray) -> float:
    """The share of these runs of which a change is told."""
    return float(np.mean([bool(rate_trend(one.tolist())) for one in rates]))


@pytest.mark.parametrize("spread", [0.03, 0.1, 0.3])
def test_noise_is_called_a_change_in_less_than_a_hundredth(spread: float) -> None:
    assert told(np.maximum(noise(spread), 0)) < MOST_FALSE


@pytest.mark.parametrize("lasting", [0.5, 0.8, 0.95])
def test_a_rate_that_wanders_as_on_real_machines_is_none(lasting: float) -> None:
    assert told(noise(0.07, lasting)) < MOST_FALSE


@pytest.mark.parametrize("each", [0.2, 1.0, 5.0, 50.0])
def test_few_requests_are_none(each: float) -> None:
    assert told(np.random.default_rng(2).poisson(each, (RUNS, PARTS)).astype(float)) < MOST_FALSE


@pytest.mark.parametrize(
    ("rates", "least"),
    [
        (1 - 0.4 * PLACES, 0.99),
        (1 + 0.6 * PLACES, 0.99),
        (np.where(PLACES < 0.5, 1.0, 0.6), 0.99),
        (np.where(PLACES < 0.8, 1.0, 0.6), 0.95),
        (np.where(PLACES < 0.2, 0.1, 1.0), 0.99),
    ],
    ids=["falls evenly", "rises evenly", "falls at once", "falls late", "rises early"],
)
def test_a_change_is_found(rates: np.ndarray, least: float) -> None:
    assert told(rates * noise(0.05)) >= least


@pytest.mark.parametrize("rates", [1 - 0.1 * PLACES, np.where(abs(PLACES - 0.5) < 0.1, 0.0, 1.0)])
def test_a_slight_change_and_a_pause_in_the_middle_are_none(rates: np.ndarray) -> None:
    assert told(rates * noise(0.05)) < MOST_FALSE


def test_how_far_it_changed_is_told_as_of_the_quarters() -> None:
    fell = rate_trend([100.0] * 10 + [60.0] * 10)
    assert fell == pytest.approx(-0.4)
    assert in_words(fell, 2.0) == (
        "the rate fell by 40% within the window, from its first quarter to its last: "
        "by 27% a second"
    )
    assert in_words(rate_trend([489.0] * 8 + [60_000.0] * 12), 2.0).startswith(
        "the rate rose by 12,170% within the window"
    )


def test_slope_is_what_a_straight_line_would_lose_each_second() -> None:
    """A soak of ten minutes in which a leak takes a little less than half."""
    falling = rate_trend((1_000 * (1 - 0.0008 * 600 * PLACES)).tolist())
    first = 1_000 * (1 - 0.0008 * 600 / 8)
    told = in_words(falling, 600.0)
    assert told.endswith("by 0.085% a second")
    assert 1_000 * 0.0008 / first == pytest.approx(0.00085, abs=1e-5)


def test_from_nothing_and_to_nothing() -> None:
    assert rate_trend([0.0] * 10 + [5.0] * 10) == MOST_TREND
    assert "rose from next to nothing" in in_words(MOST_TREND, 2.0)
    assert rate_trend([5.0] * 10 + [0.0] * 10) == -1


def test_without_parts_or_answers_nothing_is_known() -> None:
    assert rate_trend([]) is None
    assert rate_trend([0.0] * PARTS) is None
    assert in_words(None, 2.0) == in_words(0.0, 2.0) == ""
