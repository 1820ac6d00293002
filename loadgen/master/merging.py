"""The results of several workers as one, without loss.

Counts are summed and histograms added, so that percentiles are those of all requests together.
Where there is nothing to add, the worst stands for all: the busiest core, the longest pause, the
engine with the least time to rest, the slowest phase.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from loadgen.engine.recorder import added, to_histogram
from loadgen.engine.summary import decode, describe, encode, percentiles

Data = dict[str, Any]
CONFINED = ("cores", "cpu_quota", "throttled_periods", "throttled_ns")
EDGES = ("from_s", "to_s")
COUNTS = ("cpu_ns", "process_cpu_ns", "rss_bytes", "requests", "connects", "covered")


def merge(trial: str, results: list[Data], reason: str, spoiled_by: str) -> Data:
    """The result of a trial. `reason` says why it is void, if it is, and `spoiled_by` who did it;
    `results` may be incomplete.

    `workers` has a row for each worker: its share, its seed, its edges of the window.
    """
    windows = [one["window"] for one in results if one["window"]]
    complete = bool(results) and len(windows) == results[0]["share"]["workers"]
    phases: defaultdict[str, float] = defaultdict(float)
    for one in results:
        for name, seconds in one["phases_s"].items():
            phases[name] = max(phases[name], seconds)
    return {
        "trial": trial,
        "reason": reason,
        "spoiled_by": spoiled_by,
        "options": results[0]["options"] if results else None,
        "phases_s": dict(phases),
        "gauges": _summed(one["gauges"] for one in results) or None,
        # One worker alone speaks to the probe.
        "samples": next((one["samples"] for one in results if one["samples"]), []),
        "environment": next((one["environment"] for one in results if one["environment"]), {}),
        "window": merge_windows(windows, [one["cores"] for one in results]) if complete else None,
        "series": merge_series([one["series"] for one in results]) if complete else [],
        "company": _summed(one["company"] for one in results),
        "workers": [_worker(one) for one in results],
    }


def merge_windows(windows: list[Data], cores: list[list[int]]) -> Data:
    """Windows as `summarise` makes them, and the cores that each worker may use.

    Workers do not open and close to the microsecond together: `skew_us` is the larger difference.
    `window_s` is their mean, so that the rate is the sum of the workers' rates.
    """
    started = [one["started_ns"] for one in windows]
    ended = [one["ended_ns"] for one in windows]
    merged: Data = {
        "started_ns": min(started),
        "ended_ns": max(ended),
        "window_s": sum(one["window_s"] for one in windows) / len(windows),
        "skew_us": max(max(started) - min(started), max(ended) - min(ended)) / 1e3,
        "cpu_share": _busiest(windows, cores),
        **{name: sum(one[name] for one in windows) for name in COUNTS},
        "errors": _summed(one["errors"] for one in windows),
        "segments_in": _sum_of(one["segments_in"] for one in windows),
        "longest_pause_us": max(one["longest_pause_us"] for one in windows),
        "rested_ns": min(
            (one["rested_ns"] for one in windows if one["rested_ns"] is not None), default=None
        ),
        "unanswered": _unanswered([one["unanswered"] for one in windows if one["unanswered"]]),
        "histograms": {},
        "censored": {},
        "lower_bounds": [],
    }
    for name in windows[0]["histograms"]:
        histogram = added(decode(one["histograms"][name]) for one in windows)
        late = [decode(one["censored"][name]) for one in windows if name in one["censored"]]
        describe(merged, name, histogram, added(late) if late else None, _moments(name, windows))
    return merged


def merge_series(series: list[list[Data]]) -> list[Data]:
    """Rows of the same second: counts and gauges summed, percentiles of all requests together.

    A worker may have looked once less: what it had then is its last look's, and it counted nothing.
    """
    longest = max(map(len, series), default=0)
    rows = [_extended(one, longest) for one in series if one]
    return [_row(together) for together in zip(*rows, strict=True)]


def _extended(rows: list[Data], length: int) -> list[Data]:
    stood = {name: value for name, value in rows[-1].items() if name not in EDGES}
    nothing = {"requests": 0, "errors": {}, "histogram": encode(to_histogram({}))}
    return rows + [{**stood, **nothing}] * (length - len(rows))


def _row(rows: tuple[Data, ...]) -> Data:
    histogram = added(decode(one["histogram"]) for one in rows)
    counted = _summed(
        {name: value for name, value in one.items() if isinstance(value, int)} for one in rows
    )
    times: Data = percentiles("response_", histogram)
    return {
        "from_s": min(one["from_s"] for one in rows if "from_s" in one),
        "to_s": max(one["to_s"] for one in rows if "to_s" in one),
        **counted,
        "errors": _summed(one["errors"] for one in rows),
        **(times if counted["requests"] else dict.fromkeys(times)),
        "histogram": encode(histogram),
    }


def _busiest(windows: list[Data], cores: list[list[int]]) -> float:
    """Share of its core that the busiest engine used, with those that share the core with it."""
    used: defaultdict[tuple[int, ...], float] = defaultdict(float)
    for one, allowed in zip(windows, cores, strict=True):
        used[tuple(allowed)] += one["cpu_ns"] / 1e9 / one["window_s"]
    return max(used.values())


def _moments(name: str, windows: list[Data]) -> tuple[float, float] | None:
    """Mean and standard deviation of what the windows recorded together; None of nothing."""
    parts = [
        (
            one[f"{name}_count"] + one[f"{name}_censored"],
            one[f"{name}_mean_us"],
            one[f"{name}_stddev_us"],
        )
        for one in windows
        if f"{name}_count" in one
    ]
    count = sum(number for number, _, _ in parts)
    if not count:
        return None
    mean = sum(number * its_mean for number, its_mean, _ in parts) / count
    squares = sum(number * (its**2 + (its_mean - mean) ** 2) for number, its_mean, its in parts)
    return mean, math.sqrt(squares / count)


def _unanswered(late: list[Data]) -> Data | None:
    """Of open loops. The longest queues are added, though they may have had different moments."""
    if not late:
        return None
    return {
        "count": sum(one["count"] for one in late),
        "oldest_us": max(one["oldest_us"] for one in late),
        "most_waiting": sum(one["most_waiting"] for one in late),
    }


def _worker(result: Data) -> Data:
    window = result["window"] or {}
    counts = ("started_ns", "ended_ns", "cpu_ns", "requests", "longest_pause_us")
    return {
        "name": result["name"],
        "reason": result["reason"],
        "share": result["share"],
        **{name: result[name] for name in CONFINED},
        "gauges": result["gauges"],
        **{name: window.get(name) for name in counts},
    }


def _summed(counts: Iterable[Data | None]) -> Data:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one or {})
    return dict(total)


def _sum_of(numbers: Iterable[int | None]) -> int | None:
    """None where one of them is not known."""
    known = list(numbers)
    return None if None in known else sum(number or 0 for number in known)
