"""A window as a record: what travels to the master and into the trial's folder."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

from loadgen.measures import Window
from loadgen.recorder import mean_us, to_histogram

PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9, "max": 100.0}


def summarise(window: Window) -> dict[str, Any]:
    """A window as plain data: counts, percentiles in us, histograms losslessly encoded."""
    seconds = (window.ended_ns - window.started_ns) / 1e9
    summary: dict[str, Any] = {
        "started_ns": window.started_ns,
        "ended_ns": window.ended_ns,
        "window_s": seconds,
        "cpu_ns": window.cpu_ns,
        "requests": window.requests,
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
        summary["histograms"][name] = base64.b64encode(histogram.encode()).decode()
        if counts:
            for label, percentile in PERCENTILES.items():
                value = histogram.get_value_at_percentile(percentile)
                summary[f"{name}_{label}_us"] = float(value)
            summary[f"{name}_mean_us"] = mean_us(counts)
            summary[f"{name}_count"] = sum(counts.values())
    return summary
