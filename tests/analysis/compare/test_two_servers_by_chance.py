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

RUNS, POINTS, METRICS, BLOCKS = 1_000, 3, 3, 27
LEVEL = 0.05
TOLERANCE = np.log1p(0.1)


def ratios(
    rng: np.random.Generator, together: float, noise: float, truth: float, kind: str
) -> Floats:
    """Log ratios by metric, point and block; metrics of a trial have so much in common."""
    shape = (METRICS, POINTS, BLOCKS)

    def draws(*size: int) -> Floats:
        if kind == "two speeds":  # a core is at one of two, whoever is measured
            found: Floats = np.log(np.where(rng.random(size) < 0.5, 1.0, 1.2))
            return (found - found.mean()) / found.std()
        return rng.standard_t(4, size) / np.sqrt(2) if kind == "heavy" else rng.normal(0, 1, size)

    sides = [
        np.sqrt(together) * draws(*shape[1:]) + np.sqrt(1 - together) * draws(*shape)
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
    n, anything = np.full(POINTS, planned), False
    while True:
        word, hiding = called(found, n, planned)
        anything |= bool(word.any())
        more = np.array([next_look(one, planned) for one in n.tolist()])
        going = hiding.any(axis=0) & (more <= blocks)
        if not going.any():
            return anything
        n = np.where(going, more, n)


@pytest.mark.parametrize("kind", ["normal", "two speeds", "heavy"])
@pytest.mark.parametrize(("planned", "noise"), [(5, 0.13), (3, 0.1), (2, 0.06)])
def test_equal_servers_are_called_different_in_at_most_one_of_twenty_runs(
    kind: str, planned: int, noise: float
) -> None:
    rng = np.random.default_rng(planned)
    wrong = [
        calls(ratios(rng, 0.5, noise, 0.0, kind), planned, int(rng.integers(planned, BLOCKS + 1)))
        for _ in range(RUNS)
    ]
    assert np.mean(wrong) <= LEVEL


def test_looking_as_if_each_look_were_the_only_one_would_be_wrong_more_often() -> None:
    """What this is for: a call at any look from 5 blocks to 27 ends the run."""
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(RUNS):
        found = ratios(rng, 0.5, 0.13, 0.0, "normal")
        looks = (np.full(POINTS, n) for n in range(5, BLOCKS + 1))
        wrong += any(called(found, n, 0)[0].any() for n in looks)
    assert wrong / RUNS > 2 * LEVEL


def test_a_server_that_is_a_fifth_slower_is_called_within_the_budget() -> None:
    """As much again as the plan of five blocks, at the noise of a shared machine."""
    rng = np.random.default_rng(2)
    right = [calls(ratios(rng, 0.5, 0.08, np.log(0.8), "normal"), 5, 10) for _ in range(200)]
    assert np.mean(right) > 0.95
