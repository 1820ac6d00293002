"""A window as a record: what travels to the master and into the trial's folder."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hdrh.histogram import HdrHistogram

from loadgen.engine.censoring import joined, lower_bounds, overdue, without
from loadgen.engine.measures import Window
from loadgen.engine.recorder import counts_of, mean_us, stddev_us, to_histogram

PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9, "max": 100.0}


def summarise(window: Window) -> dict[str, Any]:
    """A window as plain data: counts, percentiles in us, histograms losslessly encoded."""
    seconds = (window.ended_ns - window.started_ns) / 1e9
    summary: dict[str, Any] = {
        "started_ns": window.started_ns,
        "ended_ns": window.ended_ns,
        "window_s": seconds,
        "cpu_ns": window.cpu_ns,
        "process_cpu_ns": window.process_cpu_ns,
        "rss_bytes": window.rss_bytes,
        "requests": window.requests,
        "connects": window.connects,
        "errors": window.errors,
        "covered": window.covered,
        "segments_in": window.segments_in,
        "longest_pause_us": window.longest_pause_us,
        "rested_ns": window.rested_ns,
        "unanswered": asdict(window.unanswered) if window.unanswered else None,
        "histograms": {},
        "censored": {},
        "lower_bounds": [],
    }
    for name, counts in window.histograms.items():
        censored = window.censored.get(name, {})
        times = joined(counts, censored)
        moments = (mean_us(times), stddev_us(times)) if times else None
        late = to_histogram(censored) if censored else None
        describe(summary, name, to_histogram(times), late, moments)
    return summary


def describe(
    summary: dict[str, Any],
    name: str,
    histogram: HdrHistogram,
    censored: HdrHistogram | None,
    moments: tuple[float, float] | None,
) -> None:
    """Add a distribution to a window: its percentiles in us, and mean and standard deviation, which
    are exact; nothing if nothing was recorded, and there are no `moments`.

    `censored` are those in it that had not ended: `NAME_count` leaves them out, `NAME_censored`
    counts them, `NAME_oldest_us` is the greatest. `lower_bounds` names what they may have kept low.
    """
    summary["histograms"][name] = encode(histogram)
    if moments is None:
        return
    summary |= percentiles(f"{name}_", histogram)
    summary[f"{name}_mean_us"], summary[f"{name}_stddev_us"] = moments
    unended = censored.get_total_count() if censored else 0
    summary[f"{name}_count"] = histogram.get_total_count() - unended
    summary[f"{name}_censored"] = unended
    if censored is None:
        return
    summary["censored"][name] = encode(censored)
    summary[f"{name}_oldest_us"] = float(censored.get_max_value())
    times, ages = counts_of(histogram), counts_of(censored)
    late = overdue(without(times, ages), ages, summary["window_s"] * 1e6)
    flags = lower_bounds(times, late, list(PERCENTILES.values()))
    found = [label for label, low in zip(PERCENTILES, flags, strict=True) if low]
    summary["lower_bounds"] += [f"{name}_{label}_us" for label in found]
    if late:
        summary["lower_bounds"] += [f"{name}_mean_us", f"{name}_stddev_us"]


def percentiles(prefix: str, histogram: HdrHistogram) -> dict[str, float]:
    """Each in us, named `PREFIXp50_us`."""
    return {
        f"{prefix}{label}_us": float(histogram.get_value_at_percentile(percentile))
        for label, percentile in PERCENTILES.items()
    }


def encode(histogram: HdrHistogram) -> str:
    """HdrHistogram's V2 form, compressed, in base64: lossless, and any of its tools reads it."""
    return str(histogram.encode().decode())


def decode(text: str) -> HdrHistogram:
    """What `encode` wrote."""
    return HdrHistogram.decode(text)
