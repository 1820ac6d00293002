"""Durations in microseconds, counted exactly and cheaply in the hot loop.

Below FAST_US a duration indexes a list, so that recording is one increment. The
engine writes `fast` by itself in its loop; longer ones go through `slow`, where
they are quantised to three significant digits, as an HdrHistogram would.
A snapshot is small, and safe to take from another thread under the GIL.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from hdrh.histogram import HdrHistogram

FAST_US = 8_192
LOWEST_US, HIGHEST_US, DIGITS = 1, 60_000_000, 3
"""The usual range of a histogram; a longer duration widens it."""
Counts = dict[int, int]
"""How many durations there were, by microseconds."""


class Recorder:
    """A distribution of durations."""

    __slots__ = ("fast", "long")

    def __init__(self) -> None:
        self.fast = [0] * FAST_US
        self.long: dict[int, int] = {}

    def add(self, us: int) -> None:
        """Record one duration of any length."""
        if us < FAST_US:
            self.fast[us] += 1
        else:
            self.slow(us)

    def slow(self, us: int, count: int = 1) -> None:
        """Record a duration of FAST_US or more, to within 1 part in 1,024."""
        shift = us.bit_length() - 11
        key = us >> shift << shift
        self.long[key] = self.long.get(key, 0) + count

    def snapshot(self) -> Counts:
        """Count by duration; zero counts left out."""
        counts = {us: count for us, count in enumerate(self.fast.copy()) if count}
        counts.update(self.long.copy())
        return counts

    def total(self) -> int:
        """How many durations were recorded."""
        return sum(self.fast) + sum(self.long.copy().values())


def to_histogram(counts: Counts) -> HdrHistogram:
    """An HdrHistogram of a snapshot: three digits, from 1 us to 60 s, or to twice, four times and
    so on as long, as the longest wants it.
    """
    highest, longest = HIGHEST_US, max(counts, default=0)
    while highest < longest:
        highest *= 2
    histogram = HdrHistogram(LOWEST_US, highest, DIGITS)
    for us, count in counts.items():
        histogram.record_value(max(us, LOWEST_US), count)
    return histogram


def added(histograms: Iterable[HdrHistogram]) -> HdrHistogram:
    """All of them together, as wide as the widest."""
    parts = list(histograms)
    widest = max([HIGHEST_US, *(one.highest_trackable_value for one in parts)])
    histogram = HdrHistogram(LOWEST_US, widest, DIGITS)
    for one in parts:
        histogram.add(one)
    return histogram


def counts_of(histogram: HdrHistogram) -> Counts:
    """What a histogram holds, by the greatest duration that it does not tell apart."""
    return {
        step.value_iterated_to: step.count_added_in_this_iter_step
        for step in histogram.get_recorded_iterator()
    }


def mean_us(counts: Counts) -> float:
    """Mean duration; NaN for an empty snapshot."""
    total = sum(counts.values())
    return sum(us * count for us, count in counts.items()) / total if total else float("nan")


def stddev_us(counts: Counts) -> float:
    """Standard deviation of the durations; NaN for an empty snapshot."""
    total, mean = sum(counts.values()), mean_us(counts)
    squares = sum(count * (us - mean) ** 2 for us, count in counts.items())
    return math.sqrt(squares / total) if total else float("nan")


def percentiles(counts: Counts, wanted: Sequence[float]) -> list[int | None]:
    """Percentiles in us, ascending, by nearest rank; None for an empty snapshot.

    Cheaper than an HdrHistogram where a snapshot is only looked at.
    """
    return at_ranks(counts, ranks(sum(counts.values()), wanted))


def ranks(total: int, wanted: Sequence[float]) -> list[int]:
    """The nearest rank of each percentile among so many, from 1."""
    return [max(1, math.ceil(round(percent * total / 100, 6))) for percent in wanted]


def at_ranks(counts: Counts, wanted: Sequence[int]) -> list[int | None]:
    """The duration at each rank, ascending; None beyond the last one."""
    found: list[int | None] = []
    passed = 0
    for us in sorted(counts):
        passed += counts[us]
        while len(found) < len(wanted) and passed >= wanted[len(found)]:
            found.append(us)
    return found + [None] * (len(wanted) - len(found))


def difference(new: Counts, old: Counts) -> Iterator[tuple[int, int]]:
    """What `new` holds beyond `old`, as (duration, count)."""
    for us, count in new.items():
        more = count - old.get(us, 0)
        if more:
            yield us, more
