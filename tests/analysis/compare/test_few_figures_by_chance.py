"""Equal servers are called different in at most one of twenty comparisons, of few figures too.

Whole comparisons are simulated, of two runs and of two servers in one: points of which each has
metrics that go together, and trials that differ by 10% on average, by as much at each point or not.
A comparison is wrong if it calls any figure changed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from analysis.arrays import Floats
from analysis.compare.estimates import SMALLEST, Moments, log_ratios
from analysis.compare.paired import of_blocks
from analysis.statistics.false_discovery import adjusted

METRICS = 3
LEVEL = 0.05
CHANCE = 2.5
"""Standard errors by which a simulated share may be above the true one."""
Sides = tuple[Floats, Floats]
Judge = Callable[[Floats, Floats], tuple[Floats, Floats]]


def draws(rng: np.random.Generator, kind: str, points: int, repeats: int) -> list[Sides]:
    """By metric, the logarithms of both sides by point and repeat; half of what metrics of a trial
    differ by is in all of them."""

    def some(*size: int) -> Floats:
        if kind == "two speeds":
            steady = rng.normal(0, np.sqrt(1 - 0.9**2), size)
            return np.asarray(0.9 * rng.choice([-1.0, 1.0], size) + steady)
        if kind == "heavy tails":
            return np.asarray(rng.standard_t(4, size) / np.sqrt(2))
        return rng.normal(0, 1, size)

    spread = 0.1 * np.exp(rng.normal(0, 0.35, (points, 1))) if kind == "unlike points" else 0.1
    sides = [
        spread * np.sqrt(0.5) * (some(points, repeats) + some(METRICS, points, repeats))
        for _ in range(2)
    ]
    first, second = sides
    return list(zip(first, second, strict=True))


def of_two_runs(base: Floats, run: Floats) -> tuple[Floats, Floats]:
    """Sizes and p of the figures of a metric."""
    n = np.full(len(base), float(base.shape[1]))
    moments = (Moments(n, one.mean(axis=1), one.var(axis=1, ddof=1)) for one in (base, run))
    found = log_ratios(*moments)
    return found.size, found.p


def of_one_run(base: Floats, run: Floats) -> tuple[Floats, Floats]:
    """The same, block by block."""
    apart = run - base
    n = np.full(len(apart), apart.shape[1])
    mean, var = apart.mean(axis=1), apart.var(axis=1, ddof=1)
    found, _, p = of_blocks(n, mean, var, np.zeros(len(n), dtype="int64"))
    return found.size, p


def share_called(judge: Judge, kind: str, points: int, repeats: int, runs: int) -> float:
    """Of comparisons of equal servers."""
    rng = np.random.default_rng(100 * points + repeats)
    wrong = 0
    for _ in range(runs):
        figures = [judge(*sides) for sides in draws(rng, kind, points, repeats)]
        sizes, p = (np.concatenate(one) for one in zip(*figures, strict=True))
        wrong += bool(((abs(sizes) > np.log1p(SMALLEST)) & (adjusted(p) < LEVEL)).any())
    return wrong / runs


def most(runs: int) -> float:
    """What a share of so many may be by chance."""
    return LEVEL + CHANCE * float(np.sqrt(LEVEL * (1 - LEVEL) / runs))


KINDS = ["alike", "unlike points", "two speeds", "heavy tails"]
POINTS = [3, 5, 9, 10, 12, 40]
REPEATS = [3, 5, 10]
PAIRS = [
    (kind, points, REPEATS[(i + j) % len(REPEATS)])
    for i, kind in enumerate(KINDS)
    for j, points in enumerate(POINTS)
]
"""Each kind with each number of points and of repeats, and each two of those together."""
JUDGES = pytest.mark.parametrize("judge", [of_two_runs, of_one_run])


@JUDGES
@pytest.mark.parametrize(("points", "repeats"), [(3, 3), (12, 3)])
def test_equal_servers_are_called_different_in_at_most_one_of_twenty(
    judge: Judge, points: int, repeats: int
) -> None:
    assert share_called(judge, "unlike points", points, repeats, 400) <= most(400)


@pytest.mark.slow
@JUDGES
@pytest.mark.parametrize(("kind", "points", "repeats"), PAIRS)
def test_so_they_are_whatever_their_number_and_repeats(
    judge: Judge, kind: str, points: int, repeats: int
) -> None:
    assert share_called(judge, kind, points, repeats, 1_000) <= most(1_000)


@JUDGES
def test_a_server_that_is_a_quarter_slower_is_called_among_few_points(judge: Judge) -> None:
    rng = np.random.default_rng(1)
    called = 0
    for _ in range(100):
        found = [
            judge(base, run + np.log(0.75) * (np.arange(4) == 0)[:, None])
            for base, run in draws(rng, "alike", 4, 10)
        ]
        p = adjusted(np.concatenate([one for _, one in found]))
        called += bool((p[::4] < LEVEL).any())
    assert called >= 95
