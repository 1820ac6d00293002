"""What had no answer as the window closed: ages stand among the times, and bounds are told."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.result.distribution import PERCENTILES
from loadgen.engine.censoring import MATERIAL, counted, joined, lower_bounds, overdue, without
from loadgen.engine.measures import WindowCounts
from loadgen.engine.recorder import percentiles
from loadgen.engine.summary import summarise
from loadgen.master.merged_window import merge_windows

SECOND_US = 1_000_000
HUNG_S = 0.4
WINDOWS = 10
WANTED = list(PERCENTILES.values())


def test_requests_of_the_usual_age_are_left_out_and_those_that_hang_are_not() -> None:
    draw = random.Random(3)  # noqa: S311 - test data
    # 20 connections, 400 us each, for 2 s.
    times = Counter(int(draw.expovariate(1 / 400)) + 1 for _ in range(100_000))
    usual = Counter(int(draw.expovariate(1 / 400)) + 1 for _ in range(20))
    assert overdue(times, usual, 2 * SECOND_US) == {}
    assert overdue(times, {1_700_000: 64}, 2 * SECOND_US) == {1_700_000: 64}
    assert overdue({}, {5: 1}, SECOND_US) == {5: 1}


def test_one_answer_that_took_as_long_does_not_hide_many_that_hang() -> None:
    times = {100: 5_000, 1_800_000: 1}
    assert overdue(times, {1_500_000: 64}, 2 * SECOND_US) == {1_500_000: 64}
    assert overdue(times, {1_500_000: 1}, 2 * SECOND_US) == {}, "one more of them is no wonder"


counts = st.dictionaries(st.integers(1, 10_000), st.integers(1, 50), max_size=12)


@given(counts, counts, st.floats(1, 1e7))
def test_the_overdue_are_the_oldest(times: dict[int, int], ages: dict[int, int], us: float) -> None:
    late = overdue(times, ages, us)
    rest = without(ages, late)
    assert joined(late, rest) == ages
    assert not late or not rest or min(late) > max(rest)


@given(counts, counts, st.randoms())
def test_what_is_no_lower_bound_stays_whatever_the_late_ones_take(
    known: dict[int, int], late: dict[int, int], draw: random.Random
) -> None:
    """However much longer they take, a percentile that is not flagged grows by 5% at most."""
    times = joined(known, late)
    true = Counter(known)
    for age, count in late.items():
        for _ in range(count):
            true[age + draw.choice([0, 1, 10, 10**9])] += 1
    told = percentiles(times, WANTED)
    flags = lower_bounds(times, late, WANTED)
    for low, value, final in zip(flags, told, percentiles(dict(true), WANTED), strict=True):
        if value is not None and final is not None:
            assert final >= value
            assert low or final <= value * (1 + MATERIAL)


def test_only_what_the_late_ones_could_raise_is_a_lower_bound() -> None:
    times, late = {100: 985, 2_000_000: 15}, {2_000_000: 15}
    assert lower_bounds(times, late, WANTED) == [False, False, True, True, True]
    assert lower_bounds(times, {}, WANTED) == [False] * 5
    assert lower_bounds({100: 999, 120: 1}, {120: 1}, WANTED)[-2:] == [False, True]


def a_window(answered: dict[int, int], late: dict[int, int]) -> WindowCounts:
    return WindowCounts(
        *(0, 2_000_000_000, 1, 1, 1, sum(answered.values()), 0, {}, 1, 1, 1, None),
        histograms={"response": answered},
        censored={"response": late} if late else {},
    )


def test_workers_together_tell_what_their_requests_together_would() -> None:
    healthy, hanging = a_window({100: 9_000}, {}), a_window({100: 900}, {1_700_000: 300})
    merged = merge_windows([summarise(healthy), summarise(hanging)], [[0], [1]])
    together = merged.distributions["response"]
    whole = summarise(a_window({100: 9_900}, {1_700_000: 300})).distributions["response"]
    assert together.times is not None
    assert whole.times is not None
    assert asdict(together.times) == pytest.approx(asdict(whole.times))
    assert replace(together, times=None) == replace(whole, times=None)
    assert merged.requests == together.count == 9_900
    alone = merge_windows([summarise(healthy)], [[0]]).distributions["response"]
    assert (alone.censored, alone.lower_bounds) == (0, ())


def test_ages_are_counted_as_times_are() -> None:
    assert counted([5, 5, 1_000_003]) == {5: 2, 999_936: 1}
