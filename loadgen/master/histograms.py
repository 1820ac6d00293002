"""The histograms of a load to take away, lossless, as any HdrHistogram library reads them.

Two forms: JSON with the usual percentiles beside each, and the histogram log of
github.com/HdrHistogram/HdrHistogram (a line per kind, told apart by its tag), which that
project's viewers open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hdrh.histogram import HdrHistogram

from contract.result.distribution import PERCENTILES
from contract.result.trial_result import TrialResult
from loadgen.engine.recorder import DIGITS, LOWEST_US, Counts, to_histogram
from loadgen.engine.summary import at_percentile, decode, encode

LEGEND = '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"'


@dataclass(frozen=True, slots=True)
class LoadHistograms:
    """The histograms of one load, by kind, with the `censored`: the ages in them of what had not
    ended. `started_at_s` is since the epoch."""

    load: str
    workers: int
    started_at_s: float
    length_s: float
    histograms: Mapping[str, HdrHistogram]
    censored: Mapping[str, HdrHistogram] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        """Without an ending."""
        started = datetime.fromtimestamp(self.started_at_s, UTC)
        return f"c10k_{self.load}_{started:%Y%m%dT%H%M%SZ}"


def of_counts(counts: Mapping[str, Counts]) -> dict[str, HdrHistogram]:
    """From counts by microseconds, as workers tell them; kinds without a count are left out."""
    return {name: to_histogram(one) for name, one in counts.items() if one}


def of_trial(result: TrialResult, ended_at_s: float) -> LoadHistograms | None:
    """The histograms of a trial's window, if it had one; kinds without a count are left out."""
    window = result.window
    if window is None:
        return None
    decoded = {name: decode(one.histogram) for name, one in window.distributions.items()}
    ages = {name: one.ages for name, one in window.distributions.items()}
    return LoadHistograms(
        load=result.trial,
        workers=max(1, len(result.workers)),
        started_at_s=ended_at_s - window.window_s,
        length_s=window.window_s,
        histograms={name: one for name, one in decoded.items() if one.get_total_count()},
        censored={name: decode(encoded) for name, encoded in ages.items() if encoded is not None},
    )


def as_json(taken: LoadHistograms) -> dict[str, Any]:
    """Plain data; `encoded` is HdrHistogram's V2 form, compressed, in base64."""
    return {
        "load": taken.load,
        "workers": taken.workers,
        "started_at": datetime.fromtimestamp(taken.started_at_s, UTC).isoformat(),
        "length_s": round(taken.length_s, 3),
        "unit": "us",
        "lowest": LOWEST_US,
        "significant_digits": DIGITS,
        "histograms": {
            name: _plain(histogram, taken.censored.get(name))
            for name, histogram in sorted(taken.histograms.items())
        },
    }


def _plain(histogram: HdrHistogram, censored: HdrHistogram | None) -> dict[str, Any]:
    unended = censored.get_total_count() if censored else 0
    return {
        "highest": histogram.highest_trackable_value,
        "count": histogram.get_total_count() - unended,
        "censored": unended,
        "mean_us": round(histogram.get_mean_value(), 3),
        **{
            f"{label}_us": at_percentile(histogram, percentile)
            for label, percentile in PERCENTILES.items()
        },
        "encoded": encode(histogram),
    }


def as_log(taken: LoadHistograms) -> str:
    """A histogram log, format 1.3. Times of the log are in seconds, and so is its maximum."""
    started = datetime.fromtimestamp(taken.started_at_s, UTC)
    lines = [
        "#[Histogram log format version 1.3]",
        f"#[c10k lab: {taken.load}, {taken.workers} worker(s); values in microseconds]",
        f"#[StartTime: {taken.started_at_s:.3f} (seconds since epoch), {started:%c}]",
        LEGEND,
    ]
    for name, histogram in sorted(taken.histograms.items()):
        longest_s = histogram.get_max_value() / 1e6
        lines.append(
            f"Tag={_tag(name)},0.000,{taken.length_s:.3f},{longest_s:.6f},{encode(histogram)}"
        )
    return "\n".join([*lines, ""])


def _tag(name: str) -> str:
    """A tag ends at a comma, and may hold no space."""
    return name.replace(" ", "_").replace(",", "_")
