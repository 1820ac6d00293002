"""The test for shares of what failed is wrong no oftener than it says."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.compare.failure_tests import LEVEL, welch


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
