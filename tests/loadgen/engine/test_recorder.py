"""Durations are exact below 8 ms and to three digits above; HdrHistogram agrees."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.engine.recorder import (
    FAST_US,
    HIGHEST_US,
    Recorder,
    added,
    counts_of,
    difference,
    mean_us,
    to_histogram,
)
from loadgen.engine.summary import decode, encode


@given(st.integers(min_value=0, max_value=FAST_US - 1))
def test_short_durations_are_exact(us: int) -> None:
    recorder = Recorder()
    recorder.add(us)
    assert recorder.snapshot() == {us: 1}


@given(st.integers(min_value=FAST_US, max_value=HIGHEST_US))
def test_long_durations_keep_three_digits(us: int) -> None:
    recorder = Recorder()
    recorder.add(us)
    ((kept, count),) = recorder.snapshot().items()
    assert count == 1
    assert 0 <= us - kept <= us / 1_000


@given(st.lists(st.integers(min_value=1, max_value=HIGHEST_US), min_size=1, max_size=60))
def test_nothing_is_lost_on_the_way_to_the_histogram(durations: list[int]) -> None:
    recorder = Recorder()
    for us in durations:
        recorder.add(us)
    histogram = to_histogram(recorder.snapshot())
    assert histogram.get_total_count() == recorder.total() == len(durations)
    assert histogram.get_max_value() == pytest.approx(max(durations), rel=2e-3)
    assert mean_us(recorder.snapshot()) == pytest.approx(sum(durations) / len(durations), rel=1e-3)


DAY_US = 24 * 3_600 * 1_000_000


@given(st.lists(st.integers(FAST_US, 30 * DAY_US), min_size=1, max_size=20))
def test_no_duration_is_too_long(durations: list[int]) -> None:
    recorder = Recorder()
    for us in durations:
        recorder.add(us)
    histogram = decode(encode(to_histogram(recorder.snapshot())))
    assert histogram.get_max_value() == pytest.approx(max(durations), rel=2e-3)
    # The engine's quantum of a long duration is the histogram's: nothing moves on the way.
    kept = {histogram.get_lowest_equivalent_value(us): n for us, n in counts_of(histogram).items()}
    assert kept == recorder.snapshot()


def test_histograms_of_unlike_range_are_added_without_loss() -> None:
    parts = [{5: 2}, {200_000_000: 3}, {}]
    for order in (parts, parts[::-1]):
        both = added(to_histogram(one) for one in order)
        assert both.get_total_count() == 5
        assert both.get_max_value() == pytest.approx(200_000_000, rel=2e-3)


def test_the_mean_of_nothing_is_not_a_number() -> None:
    assert math.isnan(mean_us({}))


def test_a_difference_holds_only_what_was_added() -> None:
    assert list(difference({5: 3, 9: 1}, {5: 2})) == [(5, 1), (9, 1)]
    assert list(difference({5: 3}, {5: 3})) == []
