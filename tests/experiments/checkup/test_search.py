"""The search for what a server holds, against servers whose answer is known."""

from __future__ import annotations

import math
from random import Random

import pytest

from contract.checkup.held_rate import HeldRate, RateTried, held_rate
from experiments.checkup.search import MOST, next_rate


def search(
    truth: float, guess: float, noise: float = 0.0, seed: int = 0
) -> tuple[list[RateTried], HeldRate]:
    random, seen = Random(seed), list[RateTried]()  # noqa: S311 - a simulation
    while (rate := next_rate(guess, seen)) is not None:
        seen.append(RateTried(rate, rate <= truth * math.exp(random.gauss(0, noise))))
    return seen, held_rate(guess, seen)


@pytest.mark.parametrize("guess", [1_400.0, 1_900.0, 2_050.0, 2_300.0, 3_000.0])
def test_a_limit_of_2000_is_found_within_3_percent(guess: float) -> None:
    seen, belief = search(2_000, guess)
    assert len(seen) <= MOST
    assert belief.width < 1.12
    assert belief.low <= 2_000 <= belief.high
    assert belief.median == pytest.approx(2_000, rel=0.03)


@pytest.mark.parametrize("guess", [2_000.0, 2_200.0, 6_000.0])
def test_the_last_step_that_kept_the_limits_is_repeated(guess: float) -> None:
    seen, belief = search(2_000, guess)
    best = max(one.rate_per_s for one in seen if one.kept)
    assert sum(one.kept for one in seen if one.rate_per_s == best) >= 2
    assert best <= belief.high


@pytest.mark.slow
@pytest.mark.parametrize(("noise", "reach"), [(0.01, 1.04), (0.03, 1.07), (0.06, 1.12)])
def test_the_interval_has_the_truth_nine_times_of_ten_on_servers_that_vary(
    noise: float, reach: float
) -> None:
    found = [search(2_000, 2_100, noise, seed) for seed in range(20)]
    right = sum(belief.low <= 2_000 <= belief.high for _, belief in found)
    assert right >= 18
    near = sum(2_000 / reach < belief.median < 2_000 * reach for _, belief in found)
    assert near >= 18
    assert all(len(seen) <= MOST for seen, _ in found)


def test_a_guess_that_is_ten_times_too_high_costs_trials_and_no_truth() -> None:
    seen, belief = search(200, 2_000)
    assert len(seen) <= MOST
    assert belief.low <= 200 <= belief.high


def test_a_server_that_holds_nothing_ends_the_search_too() -> None:
    seen, belief = search(0.1, 2_000)
    assert len(seen) == MOST
    assert not any(one.kept for one in seen)
    assert belief.high < 100


def test_the_same_trials_have_the_same_next_one() -> None:
    seen = [RateTried(1_800.0, True), RateTried(2_100.0, False)]
    assert next_rate(2_000, seen) == next_rate(2_000, list(seen))
    rate = next_rate(2_000, seen)
    assert rate is not None
    assert 1_800 < rate < 2_100
    assert rate == float(f"{rate:.4g}")
