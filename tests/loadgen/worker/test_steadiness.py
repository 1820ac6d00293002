"""When a warm-up ends, on made-up rates with noise, ramps, steps and sawteeth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.settings.trial import LEAST_WARM_UP_S, MOST_WARM_UP_S
from loadgen.worker.steadiness import BATCH_S, BATCHES, has_ended, truncated

RUNS = 100
MOST = int(MOST_WARM_UP_S / BATCH_S)
TIMES = np.arange(MOST) * BATCH_S
Make = Callable[[np.random.Generator], "np.ndarray[tuple[int], np.dtype[np.float64]]"]


def noise(rng: np.random.Generator, spread: float = 0.05, lasting: float = 0.0) -> np.ndarray:
    """Factors around 1; `lasting` is the correlation of one with the next."""
    fresh = rng.standard_normal(MOST) * spread
    found = fresh.copy()
    for place in range(1, MOST):
        found[place] = lasting * found[place - 1] + (1 - lasting**2) ** 0.5 * fresh[place]
    return 1 + found


def lengths(make: Make) -> np.ndarray:
    """How long the warm-ups of such rates take, in s."""
    found = []
    for seed in range(RUNS):
        rates = 1_000 * make(np.random.default_rng(seed))
        seen = range(BATCHES, MOST + 1, BATCHES)
        found.append(next(n for n in seen if has_ended(rates[:n].tolist(), MOST_WARM_UP_S)))
    return np.array(found) * BATCH_S


@pytest.mark.parametrize("spread", [0.0, 0.03, 0.1, 0.3])
def test_noise_alone_takes_the_shortest_warm_up(spread: float) -> None:
    took = lengths(lambda rng: noise(rng, spread))
    assert np.quantile(took, 0.9) == pytest.approx(LEAST_WARM_UP_S, abs=0.51)
    assert took.max() <= 2 * LEAST_WARM_UP_S


@pytest.mark.parametrize(("spread", "lasting"), [(0.05, 0.8), (0.1, 0.95)])
def test_a_rate_that_wanders_is_steady_soon(spread: float, lasting: float) -> None:
    took = lengths(lambda rng: noise(rng, spread, lasting))
    assert np.quantile(took, 0.9) <= 2 * LEAST_WARM_UP_S
    assert took.max() < MOST_WARM_UP_S


@pytest.mark.parametrize("at_s", [0.5, 1.0, 2.2, 2.8])
@pytest.mark.parametrize("before", [0.01, 0.5, 2.0])
def test_a_step_that_was_seen_is_left_behind(at_s: float, before: float) -> None:
    took = lengths(lambda rng: np.where(at_s > TIMES, before, 1.0) * noise(rng))
    assert took.min() > at_s
    # It ends soon after as much has been seen behind the step as before.
    assert np.quantile(took, 0.95) <= max(LEAST_WARM_UP_S, 2 * at_s) + 2.0


@pytest.mark.parametrize("tau_s", [0.3, 1.0, 3.0])
def test_a_ramp_that_levels_off_is_over_when_the_window_opens(tau_s: float) -> None:
    took = lengths(lambda rng: (1 - 0.9 * np.exp(-TIMES / tau_s)) * noise(rng))
    missing = 0.9 * np.exp(-took / tau_s)
    assert np.median(missing) < 0.05
    assert np.quantile(missing, 0.95) < 0.1
    assert took.max() < MOST_WARM_UP_S


def test_a_rate_that_rises_for_ever_is_rarely_called_steady() -> None:
    took = lengths(lambda rng: (0.02 + TIMES / 20) * noise(rng, 0.03))
    assert np.mean(took >= MOST_WARM_UP_S) > 0.8


@pytest.mark.parametrize("period_s", [0.7, 3.0, 8.0])
def test_a_sawtooth_is_steady_as_it_never_ends(period_s: float) -> None:
    def make(rng: np.random.Generator) -> np.ndarray:
        rates: np.ndarray = (1 - 0.4 * ((TIMES / period_s + rng.random()) % 1)) * noise(rng)
        return rates

    took = lengths(make)
    assert np.quantile(took, 0.9) <= 3 * LEAST_WARM_UP_S
    assert took.max() < MOST_WARM_UP_S


def test_few_requests_and_none_are_steady() -> None:
    took = lengths(lambda rng: rng.poisson(1.0, MOST).astype(float))
    assert np.quantile(took, 0.9) <= 2 * LEAST_WARM_UP_S
    assert set(lengths(lambda _rng: np.zeros(MOST))) == {LEAST_WARM_UP_S}


def test_what_is_cut_off_is_what_differs() -> None:
    assert truncated([1.0] * 7 + [9.0] * 20) == 7
    assert truncated([9.0, 10.0] * 10) <= 1
    assert truncated([5.0] * 20) == 0


def test_a_warm_up_ends_in_any_case() -> None:
    rising = [float(one * one) for one in range(50)]
    assert not has_ended(rising[:45], 5.0)
    assert has_ended(rising, 5.0)
