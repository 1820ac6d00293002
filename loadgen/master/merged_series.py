"""The seconds of several workers as one series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from contract.result.load_side import LoadSecond
from contract.result.window import Gauges
from loadgen.engine.recorder import added, to_histogram
from loadgen.engine.summary import decode, encode, percentiles

GAUGES = (*(one.name for one in fields(Gauges)), "waiting")


def merge_series(series: Sequence[Sequence[LoadSecond]]) -> tuple[LoadSecond, ...]:
    """Rows of the same second: counts and gauges summed, percentiles of all requests together.

    A worker may have looked once less: what it had then is its last look's, and it counted nothing.
    """
    longest = max(series, key=len, default=())
    rows = [_extended(one, longest) for one in series if one]
    return tuple(_together(seconds) for seconds in zip(*rows, strict=True))


def _extended(rows: Sequence[LoadSecond], longest: Sequence[LoadSecond]) -> list[LoadSecond]:
    """With a row for each of the longest series', whose edges those that are missing have."""
    nothing = encode(to_histogram({}))
    return [
        *rows,
        *(
            replace(
                rows[-1],
                from_s=second.from_s,
                to_s=second.to_s,
                requests=0,
                errors={},
                histogram=nothing,
            )
            for second in longest[len(rows) :]
        ),
    ]


def _together(seconds: Sequence[LoadSecond]) -> LoadSecond:
    histogram = added(decode(one.histogram) for one in seconds)
    requests = sum(one.requests for one in seconds)
    errors: Counter[str] = Counter()
    for one in seconds:
        errors.update(one.errors)
    times: dict[str, Any] = percentiles(histogram) if requests else {}
    return LoadSecond(
        from_s=min(one.from_s for one in seconds),
        to_s=max(one.to_s for one in seconds),
        requests=requests,
        errors=dict(errors),
        **{name: sum(getattr(one, name) for one in seconds) for name in GAUGES},
        **{f"response_{name}": us for name, us in times.items()},
        histogram=encode(histogram),
    )
