"""The tests for what failed are wrong no oftener than they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, boschloo_exact

from analysis.compare.failure_tests import LEVEL, boschloo, welch

TABLES = [(0, 3, 3, 3), (7, 0, 10, 10), (0, 4, 4, 8), (1, 4, 7, 5), (3, 20, 200, 180), (1, 2, 5, 5)]


@pytest.mark.parametrize("counts", TABLES)
def test_the_exact_test_is_that_of_scipy(counts: tuple[int, int, int, int]) -> None:
    failed_base, failed, n_base, n = counts
    expected = boschloo_exact([[failed_base, failed], [n_base - failed_base, n - failed]]).pvalue
    assert boschloo(*counts) == pytest.approx(expected, rel=1e-4)
    assert boschloo(failed, failed_base, n, n_base) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("chance", [0.05, 0.2, 0.5])
@pytest.mark.parametrize("n", [3, 5, 10])
def test_equal_failure_rates_are_told_apart_no_oftener_than_the_level(
    n: int, chance: float
) -> None:
    """Exactly: over all outcomes of two binomials."""
    weights = binom.pmf(np.arange(n + 1), n, chance)
    found = sum(
        weights[a] * weights[b]
        for a in range(n + 1)
        for b in range(n + 1)
        if boschloo(a, b, n, n) < LEVEL
    )
    assert found <= LEVEL


@pytest.mark.parametrize("clustered", [0.0, 0.02, 0.2])
@pytest.mark.parametrize("n", [3, 5, 10])
def test_equal_error_shares_are_told_apart_no_oftener_than_the_level(
    n: int, clustered: float
) -> None:
    """Shares of 1%, spread from trial to trial by a beta distribution; a test of counts, to which
    every attempt is a sample, would be wrong more often than right where they cluster."""
    rng = np.random.default_rng(n)
    of = np.full(n, 20_000.0)
    found, naive = 0, 0
    for _ in range(1000):
        sides = []
        for _side in range(2):
            share = np.full(n, 0.01)
            if clustered:
                share = rng.beta(0.01 / clustered, 0.99 / clustered, n)
            sides.append(rng.binomial(20_000, share).astype("float64"))
        found += welch(sides[0], of, sides[1], of) < LEVEL
        total = np.array([side.sum() for side in sides])
        naive += abs(total[1] - total[0]) > 1.96 * np.sqrt(total.sum())
    assert found / 1000 <= LEVEL + 0.02
    if clustered:
        assert naive / 1000 > 0.5
