"""The windows of several workers as one."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence

from contract.result.distribution import Distribution
from contract.result.window import Unanswered, Window
from loadgen.engine.censoring import overdue
from loadgen.engine.recorder import added, counts_of
from loadgen.engine.summary import decode, describe, distribution

COUNTS = (
    *("cpu_ns", "process_cpu_ns", "rss_bytes", "requests", "connects", "covered"),
    *("reconnects", "resent"),
)


def merge_windows(windows: Sequence[Window], cores: Sequence[Sequence[Hashable]]) -> Window:
    """`cores` are those that each worker may use, of its machine. The edges are of one clock.

    Workers do not open and close to the microsecond together: `skew_us` is the larger difference.
    """
    started = [one.started_ns for one in windows]
    ended = [one.ended_ns for one in windows]
    window_s = sum(one.window_s for one in windows) / len(windows)
    errors: Counter[str] = Counter()
    per_connection: Counter[str] = Counter()
    for one in windows:
        errors.update(one.errors)
        per_connection.update(one.requests_per_connection)
    return Window(
        started_ns=min(started),
        ended_ns=max(ended),
        window_s=window_s,
        skew_us=max(max(started) - min(started), max(ended) - min(ended)) / 1e3,
        cpu_share=_busiest(windows, cores),
        **{name: sum(getattr(one, name) for one in windows) for name in COUNTS},
        errors=dict(errors),
        requests_per_connection=dict(per_connection),
        segments_in=sum_of(one.segments_in for one in windows),
        longest_pause_us=max(one.longest_pause_us for one in windows),
        rested_ns=min(
            (one.rested_ns for one in windows if one.rested_ns is not None), default=None
        ),
        unanswered=_unanswered([one.unanswered for one in windows if one.unanswered]),
        distributions={name: _of_all(name, windows, window_s) for name in windows[0].distributions},
    )


def _busiest(windows: Sequence[Window], cores: Sequence[Sequence[Hashable]]) -> float:
    """Share of its core that the busiest engine used, with those that share the core with it."""
    used: defaultdict[tuple[Hashable, ...], float] = defaultdict(float)
    for one, allowed in zip(windows, cores, strict=True):
        used[tuple(allowed)] += one.cpu_ns / 1e9 / one.window_s
    return max(used.values())


def _of_all(name: str, windows: Sequence[Window], window_s: float) -> Distribution:
    """With those under way that are older than the ends of all workers together let expect."""
    parts = [one.distributions[name] for one in windows]
    found = together(parts, window_s)
    pending: Counter[int] = Counter()
    for one in windows:
        pending.update((one.pending or {}).get(name, {}))
    late = overdue(counts_of(decode(found.histogram)), pending, window_s * 1e6)
    return together([*parts, distribution({}, late, window_s)], window_s) if late else found


def together(parts: Sequence[Distribution], window_s: float) -> Distribution:
    """The distribution of all that is in these, in windows of this length."""
    ages = [decode(one.ages) for one in parts if one.ages is not None]
    return describe(
        added(decode(one.histogram) for one in parts),
        added(ages) if ages else None,
        _moments(parts),
        window_s=window_s,
    )


def _moments(parts: Sequence[Distribution]) -> tuple[float, float] | None:
    """Mean and standard deviation of what was recorded together; None of nothing."""
    known = [(one.count + one.censored, one.times) for one in parts if one.times]
    count = sum(number for number, _ in known)
    if not count:
        return None
    mean = sum(number * times.mean_us for number, times in known) / count
    squares = sum(
        number * (times.stddev_us**2 + (times.mean_us - mean) ** 2) for number, times in known
    )
    return mean, math.sqrt(squares / count)


def _unanswered(late: Sequence[Unanswered]) -> Unanswered | None:
    """Open loops together. The longest queues are added, though their moments may differ."""
    if not late:
        return None
    return Unanswered(
        count=sum(one.count for one in late),
        oldest_us=max(one.oldest_us for one in late),
        most_waiting=sum(one.most_waiting for one in late),
    )


def sum_of(numbers: Iterable[int | None]) -> int | None:
    """None where one of them is not known."""
    known = list(numbers)
    return None if None in known else sum(number or 0 for number in known)
