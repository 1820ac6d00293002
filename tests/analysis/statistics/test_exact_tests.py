"""Exact tests are those of scipy, and wrong no oftener than they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, boschloo_exact, fisher_exact

from analysis.compare.failure_tests import LEVEL
from analysis.statistics.exact_tests import boschloo, fisher

TABLES = [(0, 3, 3, 3), (7, 0, 10, 10), (0, 4, 4, 8), (1, 4, 7, 5), (3, 20, 200, 180), (1, 2, 5, 5)]


@pytest.mark.parametrize("counts", TABLES)
def test_they_are_those_of_scipy(counts: tuple[int, int, int, int]) -> None:
    failed_base, failed, n_base, n = counts
    table = np.array([[failed_base, failed], [n_base - failed_base, n - failed]])
    expected = boschloo_exact(table).pvalue
    assert boschloo(*counts) == pytest.approx(expected, rel=1e-4)
    assert boschloo(failed, failed_base, n, n_base) == pytest.approx(expected, rel=1e-4)
    less = fisher_exact(table, alternative="less").pvalue
    assert fisher(*counts) == pytest.approx(less, rel=1e-9)


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
