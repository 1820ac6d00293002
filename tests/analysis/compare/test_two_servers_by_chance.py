"""Equal servers are called different in at most the stated share of runs, however often they look.

Whole procedures are simulated on figures as a run has them: points of which each has metrics that
go together, trials that differ by 5 to 13%, blocks that differ as wholes. A run looks after its
plan and again whenever half as many blocks more are there, until nothing is left that could hide
a regression, or its budget ends, which it does at any block. It is wrong if any of its looks calls
any figure changed.
"""

from __future__ import annotations

import numpy as np
import pytest

from analysis.arrays import Flags, Floats, Numbers
from analysis.compare.estimates import SMALLEST
from analysis.compare.paired import of_blocks
from analysis.statistics.false_discovery import adjusted
from analysis.statistics.looks import next_look

POINTS, METRICS, BLOCKS = 3, 3, 27
LEVEL = 0.05
TOLERANCE = np.log1p(0.1)
NORMAL, TWO_SPEEDS, HEAVY = "normal", "two speeds", "heavy tails"


def ratios(
    rng: np.random.Generator, kind: str, noise: float, truth: float = 0.0, points: int = POINTS
) -> Floats:
    """Log ratios by metric, point and block; half of what metrics of a trial differ by is in all of
    them."""

    def draws(*size: int) -> Floats:
        steady = rng.normal(0, 1, size)
        if kind == TWO_SPEEDS:  # of the core, for the most part
            of_core = rng.choice([-1.0, 1.0], size)
            return np.asarray(0.9 * of_core + np.sqrt(1 - 0.9**2) * steady)
        if kind == HEAVY:
            return np.asarray(rng.standard_t(4, size) / np.sqrt(2))
        return steady

    sides = [
        np.sqrt(0.5) * draws(points, BLOCKS) + np.sqrt(0.5) * draws(METRICS, points, BLOCKS)
        for _ in range(2)
    ]
    found: Floats = noise * (sides[1] - sides[0]) + truth
    return found


def called(seen: Floats, n: Numbers, first: int) -> tuple[Flags, Flags]:
    """Of the figures by metric and point at a look: which are called changed, and which could
    still hide a regression. Each point has so many blocks."""
    p, half, size = [], [], []
    for metric in seen:
        own = [one[:many] for one, many in zip(metric, n.tolist(), strict=True)]
        mean = np.array([one.mean() for one in own])
        var = np.array([one.var(ddof=1) for one in own])
        _, wide, chance = of_blocks(n, mean, var, np.full(len(n), first))
        p.append(chance)
        half.append(wide)
        size.append(mean)
    chances, sizes = np.concatenate(p), np.concatenate(size)
    large = abs(sizes) > np.log1p(SMALLEST)
    word = large & (adjusted(chances) < LEVEL)
    hiding = ~word & (
        (np.concatenate(half) > TOLERANCE) | (large & (chances < LEVEL) & (abs(sizes) > TOLERANCE))
    )
    shape = seen.shape[:2]
    return word.reshape(shape), hiding.reshape(shape)


def calls(found: Floats, planned: int, blocks: int) -> bool:
    """Whether any look of a run calls anything. Points that could hide a regression go on, the
    others stay as they are."""
    n, anything = np.full(found.shape[1], planned), False
    while True:
        word, hiding = called(found, n, planned)
        anything |= bool(word.any())
        more = np.array([next_look(one, planned) for one in n.tolist()])
        going = hiding.any(axis=0) & (more <= blocks)
        if not going.any():
            return anything
        n = np.where(going, more, n)


def share_called(kind: str, planned: int, noise: float, runs: int, points: int = POINTS) -> float:
    """Of runs of equal servers, whose budgets end anywhere."""
    rng = np.random.default_rng(planned)
    ends = rng.integers(planned, BLOCKS + 1, runs).tolist()
    return float(
        np.mean([calls(ratios(rng, kind, noise, 0.0, points), planned, end) for end in ends])
    )


@pytest.mark.parametrize("kind", [NORMAL, TWO_SPEEDS, HEAVY])
def test_equal_servers_are_called_different_in_at_most_one_of_twenty_runs(kind: str) -> None:
    assert share_called(kind, 5, 0.13, 1_000) <= LEVEL


@pytest.mark.slow
@pytest.mark.parametrize(
    ("planned", "noise", "points"), [(3, 0.1, POINTS), (5, 0.13, 1), (5, 0.1, 12)]
)
def test_so_they_are_with_other_numbers_of_blocks_and_points(
    planned: int, noise: float, points: int
) -> None:
    assert share_called(NORMAL, planned, noise, 2_000, points) <= LEVEL


def test_looking_as_if_each_look_were_the_only_one_would_be_wrong_more_often() -> None:
    """What this is for: a call at any of the blocks from 5 to 27."""
    rng = np.random.default_rng(1)
    looks = [np.full(POINTS, n) for n in range(5, BLOCKS + 1)]
    runs = [ratios(rng, NORMAL, 0.13) for _ in range(150)]
    wrong = [any(called(found, n, 0)[0].any() for n in looks) for found in runs]
    assert np.mean(wrong) > 2 * LEVEL


def test_a_server_that_is_a_fifth_slower_is_called_within_the_budget() -> None:
    """As much again as the plan of five blocks, at the noise of a shared machine."""
    rng = np.random.default_rng(2)
    slower = [ratios(rng, NORMAL, 0.08, float(np.log(0.8))) for _ in range(200)]
    assert np.mean([calls(found, 5, 10) for found in slower]) > 0.95
