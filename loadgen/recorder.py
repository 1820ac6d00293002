"""Durations in microseconds, counted exactly and cheaply in the hot loop.

Below FAST_US a duration indexes a list, so that recording is one increment. The
engine writes `fast` by itself in its loop; longer ones go through `slow`, where
they are quantised to three significant digits, as an HdrHistogram would.
A snapshot is small, and safe to take from another thread under the GIL.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from hdrh.histogram import HdrHistogram

FAST_US = 8_192
LOWEST_US, HIGHEST_US, DIGITS = 1, 60_000_000, 3


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

    def snapshot(self) -> dict[int, int]:
        """Count by duration; zero counts left out."""
        counts = {us: count for us, count in enumerate(self.fast.copy()) if count}
        counts.update(self.long.copy())
        return counts

    def total(self) -> int:
        """How many durations were recorded."""
        return sum(self.fast) + sum(self.long.copy().values())


def to_histogram(counts: dict[int, int]) -> HdrHistogram:
    """An HdrHistogram (1 us to 60 s, three digits) of a snapshot."""
    histogram = HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)
    for us, count in counts.items():
        histogram.record_value(min(max(us, LOWEST_US), HIGHEST_US), count)
    return histogram


def mean_us(counts: dict[int, int]) -> float:
    """Mean duration; NaN for an empty snapshot."""
    total = sum(counts.values())
    return sum(us * count for us, count in counts.items()) / total if total else float("nan")


def stddev_us(counts: dict[int, int]) -> float:
    """Standard deviation of the durations; NaN for an empty snapshot."""
    total, mean = sum(counts.values()), mean_us(counts)
    squares = sum(count * (us - mean) ** 2 for us, count in counts.items())
    return math.sqrt(squares / total) if total else float("nan")


def percentiles(counts: dict[int, int], wanted: Sequence[float]) -> list[int | None]:
    """Percentiles in us, ascending, by nearest rank; None for an empty snapshot.

    Cheaper than an HdrHistogram where a snapshot is only looked at.
    """
    total = sum(counts.values())
    if not total:
        return [None] * len(wanted)
    ranks = [max(1, math.ceil(round(percent * total / 100, 6))) for percent in wanted]
    found: list[int | None] = []
    passed = 0
    for us in sorted(counts):
        passed += counts[us]
        while len(found) < len(ranks) and passed >= ranks[len(found)]:
            found.append(us)
    return found


def difference(new: dict[int, int], old: dict[int, int]) -> Iterator[tuple[int, int]]:
    """What `new` holds beyond `old`, as (duration, count)."""
    for us, count in new.items():
        more = count - old.get(us, 0)
        if more:
            yield us, more
