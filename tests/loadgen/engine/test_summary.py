"""Percentiles of a histogram: no more than their share of the durations is longer."""

from __future__ import annotations

import pytest

from contract.result.distribution import PERCENTILES
from loadgen.engine.recorder import percentiles as of_counts
from loadgen.engine.recorder import to_histogram
from loadgen.engine.summary import percentiles


@pytest.mark.parametrize(
    ("many", "label"), [(53, "p99"), (60, "p99"), (99, "p99"), (600, "p999"), (5, "p90")]
)
def test_the_one_that_was_slow_is_in_the_percentile_that_has_it(many: int, label: str) -> None:
    times = {100: many - 1, 1_000_000: 1}
    assert percentiles(to_histogram(times))[f"{label}_us"] >= 1_000_000


@pytest.mark.parametrize("many", [1, 2, 53, 100, 101, 149, 150, 999, 1_000, 1_001, 12_345])
def test_they_are_the_nearest_ranks_of_the_counts(many: int) -> None:
    times = dict.fromkeys(range(1, many + 1), 1)
    found, exact = percentiles(to_histogram(times)), of_counts(times, list(PERCENTILES.values()))
    assert list(found.values()) == pytest.approx(exact, rel=1e-3)


def test_of_nothing_they_are_nought() -> None:
    assert set(percentiles(to_histogram({})).values()) == {0}
