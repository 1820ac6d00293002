"""A run that looks at a claim more than once is wrong no more often than one that looks once.

Whole procedures are simulated: a plan, then blocks until the interval leaves its bound or the
budget ends, which it does at any block; one block of twenty is lost to a void trial. Trials differ
as those of real runs do: by 5 to 13%, or by two speeds of the cores (8.5 or 10.5 us a request).
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from analysis.arrays import Floats, Numbers
from analysis.statistics.estimates import BOOTSTRAP, STUDENT, estimate, repeats_needed
from analysis.statistics.extremes import widened
from analysis.statistics.looks import ALL, FIRST, TAIL, next_look, over_looks, tail
from analysis.statistics.medians import medians
from experiments.plan.budget import budget_of
from experiments.plan.capacity import Limits
from experiments.plan.experiment_file import find, read
from experiments.plan.trials import expected_s, more_block, plan

RUNS = 20_000
BOUND = 1.0
LOST = 0.05
NORMAL, TWO_SPEEDS, HEAVY = "normal", "two speeds", "heavy tails"


def ratios(kind: str, blocks: int, shift: float, seed: int) -> Floats:
    """The ratio of two trials for each run and block; the truth is `shift` times the noise of one
    trial, in logarithms, above BOUND."""
    rng = np.random.default_rng(seed)
    shape = (2, RUNS, blocks)
    if kind == NORMAL:
        noise, logs = 0.1, rng.normal(0, 0.1, shape)
    elif kind == HEAVY:
        noise, logs = 0.05 * np.sqrt(2), rng.standard_t(4, shape) * 0.05
    else:
        fast_or_slow = np.log(rng.choice([8.5, 10.5], shape))
        logs = fast_or_slow + rng.normal(0, 0.03, shape)
        noise = float(np.hypot(np.log(10.5 / 8.5) / 2, 0.03))
    found: Floats = BOUND * np.exp(logs[0] - logs[1] + shift * noise)
    return found


def verdicts(found: Floats, planned: int, ends: Numbers, lost: float = LOST) -> tuple[Floats, ...]:
    """By run, 1 where the whole interval came to lie above BOUND, -1 below, 0 where the budget
    ended before; and the blocks that it had measured by then."""
    found = found.copy()
    rng = np.random.default_rng(7)
    found[:, planned:][rng.random((RUNS, found.shape[1] - planned)) < lost] = np.nan
    measured, word = np.full(RUNS, planned), np.zeros(RUNS)
    going = np.arange(RUNS)
    while len(going):
        seen = np.where(np.arange(found.shape[1]) < measured[going, None], found[going], np.nan)
        groups = np.repeat(np.arange(len(going)), found.shape[1])
        _, low, high = medians(seen.ravel(), groups, len(going), planned)
        word[going] = np.where(low > BOUND, 1, np.where(high < BOUND, -1, 0))
        still = (word[going] == 0) & (measured[going] < ends[going])
        n = np.isfinite(seen[still]).sum(axis=1)
        going = going[still]
        more = np.array([next_look(one, planned) - one for one in n.tolist()], dtype="int64")
        measured[going] = np.minimum(measured[going] + more, ends[going])
    return word, measured


def ends_anywhere(planned: int, blocks: int) -> Numbers:
    found: Numbers = np.random.default_rng(5).integers(planned, blocks + 1, RUNS)
    return found


@pytest.mark.parametrize("kind", [NORMAL, TWO_SPEEDS, HEAVY])
@pytest.mark.parametrize(("planned", "blocks"), [(5, 40), (10, 40), (21, 60), (31, 60)])
def test_a_truth_on_the_bound_is_decided_in_one_of_twenty_runs(
    kind: str, planned: int, blocks: int
) -> None:
    found = ratios(kind, blocks, 0.0, planned)
    word, _ = verdicts(found, planned, ends_anywhere(planned, blocks))
    assert np.mean(word != 0) <= 0.05
    assert np.mean(word > 0) <= 0.0275, "and as seldom on each side, give or take chance"
    assert np.mean(word < 0) <= 0.0275


def test_a_single_look_repeated_would_be_wrong_more_often() -> None:
    """What this is for: after each block from 5 to 20, the interval of a single look."""
    found = ratios(NORMAL, 20, 0.0, 1)
    decided = np.zeros(RUNS, dtype=bool)
    for n in range(5, 21):
        groups = np.repeat(np.arange(RUNS), n)
        _, low, high = medians(found[:, :n].ravel(), groups, RUNS)
        decided |= (low > BOUND) | (high < BOUND)
    assert decided.mean() > 0.12


def test_twice_the_noise_beyond_the_bound_is_decided_within_the_budget_of_the_tour() -> None:
    """Both of two claims that are open: what it pays for is enough for all their blocks."""
    tour = read(find("c10k"))
    trials = plan(tour)
    two_sides = [trial.point.name for trial in trials if trial.point.sweep == "idle"][:2]
    block_s = expected_s(more_block(tour, Limits(), 6, two_sides, 0))
    budget = int(budget_of(None, tour, trials) / block_s)
    for kind in (NORMAL, TWO_SPEEDS, HEAVY):
        found = ratios(kind, 5 + budget, 2.0, 3)
        word, measured = verdicts(found, 5, np.full(RUNS, 5 + budget))
        used = measured - 5
        both = (word > 0) & np.roll(word > 0, 1) & (used + np.roll(used, 1) <= budget)
        assert both.mean() >= 0.9, kind
        assert np.mean(word > 0) >= 0.97, f"{kind}: alone"
        assert np.mean(word < 0) < 0.001


def test_what_one_look_decides_is_decided_too() -> None:
    """At the first of several looks, or when half as many repeats more are there."""
    found = ratios(NORMAL, 8, 2.0, 9)
    _, low, _ = medians(found[:, :5].ravel(), np.repeat(np.arange(RUNS), 5), RUNS)
    at_once, _ = verdicts(found, 5, np.full(RUNS, 5))
    in_the_end, _ = verdicts(found, 5, np.full(RUNS, 8), lost=0.0)
    once = low > BOUND
    assert np.mean(at_once[once] > 0) > 0.9
    assert np.mean(in_the_end[once] > 0) > 0.96


def test_the_first_look_is_nearly_as_wide_as_the_only_one() -> None:
    values = [0.9, 1.0, 1.05, 1.1, 1.2]
    only, first = estimate(values), estimate(values, 5)
    assert first.value == only.value
    wider = np.log(first.high / first.low) / np.log(only.high / only.low)
    assert wider == pytest.approx(1.08, abs=0.005)


def test_several_looks_are_never_the_bootstraps() -> None:
    values = np.exp(np.linspace(-1, 1, 40))
    assert [estimate(values, first).method for first in (0, 5, 31)] == [BOOTSTRAP, STUDENT, STUDENT]


def test_looks_grow_by_half_and_levels_leave_something_for_the_later_ones() -> None:
    looks = [5]
    while looks[-1] < 40:
        looks.append(next_look(looks[-1], 5))
    assert looks == [5, 8, 12, 18, 27, 41]
    assert next_look(3, 5) == 5
    levels = [tail(n, 5) for n in looks]
    assert tail(5) == tail(80) == TAIL
    assert levels[0] == tail(4, 5) == FIRST
    assert all(0 < level < TAIL for level in levels)
    assert sum(levels) > ALL > levels[0], "looks share what they see, and need not share so little"


def test_one_later_look_has_the_level_that_a_table_says() -> None:
    """Two looks, of which the second has twice the repeats: the chance that a walk is outside at
    either is what both may spend."""
    rng = np.random.default_rng(2)
    first, second = rng.normal(0, 1, (2, 2_000_000)) * np.sqrt([[8], [4]])
    bounds = [special.ndtri(1 - tail(n, 8)) * np.sqrt(n) for n in (8, 12)]
    outside = (first > bounds[0]) | (first + second > bounds[1])
    spent = FIRST + (ALL - FIRST) * (1 - (8 / 12) ** 2)
    assert outside.mean() == pytest.approx(spent, rel=0.02)


def test_what_is_needed_is_a_look_and_more_where_several_parts_decide() -> None:
    rng = np.random.default_rng(4)
    found = estimate(np.exp(rng.normal(0.0, 0.1, 5)), 5)
    looks = [8, 12, 18, 27, 41, 62, 93, 140]
    needed = [repeats_needed(found, distance) for distance in (0.2, 0.15, 0.1)]
    assert all(one in looks for one in needed)
    assert needed == sorted(needed, key=lambda one: one or 0)
    plain, of_nine = repeats_needed(found, 0.1), repeats_needed(found, 0.1, 9)
    assert plain is not None
    assert of_nine is not None
    assert of_nine > plain
    assert widened(found, 9).high > found.high


def test_a_p_over_all_looks_is_called_where_the_interval_is() -> None:
    """At the level of a look it is 5%, whichever look it is."""
    for first in (2, 5, 12):
        for n in (first, next_look(first, first), next_look(2 * first, first), 3 * first):
            level = np.array([0.9, 1.0, 1.1]) * 2 * tail(n, first)
            found = over_looks(level, np.full(3, n), np.full(3, first))
            assert found[1] == pytest.approx(2 * TAIL, rel=1e-3)
            assert found[0] < 2 * TAIL < found[2]


def test_a_p_over_all_looks_is_larger_and_keeps_the_order() -> None:
    p = np.array([0.0, 1e-12, 1e-6, 1e-3, 0.02, 0.3, 0.9, np.nan])
    for n in (5, 8, 27):
        found = over_looks(p, np.full(len(p), n), np.full(len(p), 5))
        assert np.isnan(found[-1])
        assert (np.diff(found[:-3]) > 0).all()
        assert (found[1:-2] > p[1:-2]).all()
        assert found[:-1].max() <= 1.0
    once = over_looks(p, np.full(len(p), 8), np.zeros(len(p), dtype="int64"))
    assert once[:-1].tolist() == p[:-1].tolist()
    assert len(over_looks(np.array([]), np.array([], dtype="int64"), np.array([]))) == 0


@pytest.mark.parametrize("share", [0.2, 0.05])
def test_a_p_over_all_looks_is_below_a_share_as_seldom_as_that(share: float) -> None:
    """Of walks that are looked at 5, 8, 12, 18 and 27 times: also at the small shares that are left
    of 5% among many figures."""
    rng = np.random.default_rng(3)
    looks = (5, 8, 12, 18, 27)
    walks = np.cumsum(rng.normal(0, 1, (400_000, looks[-1])), axis=1)
    called = np.zeros(len(walks), dtype=bool)
    for n in looks:
        p = 2 * special.ndtr(-abs(walks[:, n - 1]) / np.sqrt(n))
        called |= over_looks(p, np.full(len(p), n), np.full(len(p), 5)) < share * 2 * TAIL
    spent = share * (FIRST + (ALL - FIRST) * (1 - (5 / 27) ** 2)) / TAIL * 2 * TAIL
    assert called.mean() == pytest.approx(spent, rel=0.06)
    assert called.mean() < share * 2 * TAIL
