"""A window as a record: what travels to the master and into the trial's folder."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hdrh.histogram import HdrHistogram

from loadgen.measures import Window
from loadgen.recorder import mean_us, stddev_us, to_histogram

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
    }
    for name, counts in window.histograms.items():
        histogram = to_histogram(counts)
        moments = (mean_us(counts), stddev_us(counts)) if counts else None
        summary |= distribution(name, histogram, moments)
        summary["histograms"][name] = encode(histogram)
    return summary


def distribution(
    name: str, histogram: HdrHistogram, moments: tuple[float, float] | None
) -> dict[str, Any]:
    """Percentiles in us, count, and mean and standard deviation, which are exact.

    Nothing if nothing was recorded, and there are no `moments`.
    """
    if moments is None:
        return {}
    found: dict[str, Any] = percentiles(f"{name}_", histogram)
    mean, deviation = moments
    exact = {f"{name}_mean_us": mean, f"{name}_stddev_us": deviation}
    return {**found, **exact, f"{name}_count": histogram.total_count}


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
