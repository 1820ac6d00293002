"""Do 95% intervals hold the truth in 93% to 97% of cases? By simulation, seeded."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.statistics import medians
from analysis.statistics.estimates import order_interval, summarise

RUNS = 4000
TRUTH = 1000.0


def simulated(n: int) -> pd.DataFrame:
    """RUNS samples of n trials whose logarithms are normal, with 8% noise."""
    rng = np.random.default_rng(20260101 + n)
    values = TRUTH * np.exp(rng.normal(0, 0.08, (RUNS, n)))
    return pd.DataFrame({"run": np.repeat(np.arange(RUNS), n), "rate": values.ravel()})


@pytest.mark.parametrize("n", [2, 3, 5, 10, 30])
def test_intervals_cover_the_truth_as_often_as_they_say(n: int) -> None:
    found = summarise(simulated(n), ["run"], ["rate"])
    held = (found["rate_low"] <= TRUTH) & (found["rate_high"] >= TRUTH)
    assert 0.93 <= held.mean() <= 0.97


def test_a_bootstrap_of_three_would_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(medians, "BOOTSTRAP_FROM", 3)
    found = summarise(simulated(3), ["run"], ["rate"])
    held = (found["rate_low"] <= TRUTH) & (found["rate_high"] >= TRUTH)
    assert held.mean() < 0.8


@pytest.mark.parametrize("n", [6, 9, 15])
def test_order_intervals_cover_at_least_as_often_as_they_say(n: int) -> None:
    samples = np.random.default_rng(n).exponential(1.0, (RUNS, n))
    found = [order_interval(sample) for sample in samples]
    held = np.mean([one.low <= np.log(2) <= one.high for one in found])
    # Exact coverage is a step function of n: 96.9%, 96.1%, 96.5%.
    assert 0.95 <= held <= 0.98
