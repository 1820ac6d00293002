"""Made-up but plausible details of trials, as the lab leaves them beside the CSV."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hdrh.histogram import HdrHistogram

from analysis.records.details import DIGITS, HIGHEST_US, LOWEST_US, _longest_us
from contract.result.document import to_json
from contract.result.trial_result import TrialResult
from loadgen.engine.summary import encode
from tests.support.results import a_distribution, a_sample, a_second, a_window

NS = 1_000_000_000
STARTED_NS = 100 * NS
SYN_S = (1.0, 2.0)
REQUESTS = 4_000
"""In each histogram: what the rows say would take long to make."""
OPENED_S = 0.001
"""The first sample of a window is read right after it opened."""


def write_details(folder: Path, frame: pd.DataFrame, seed: int = 11) -> None:
    """`trials/ID/result.json` for every completed trial of `frame`, an open loop's included."""
    rng = np.random.default_rng(seed)
    for found in frame.to_dict("records"):
        row = {str(name): value for name, value in found.items()}
        if row["outcome"] != "completed":
            continue
        place = folder / "trials" / str(row["trial"])
        place.mkdir(parents=True, exist_ok=True)
        (place / "result.json").write_text(
            json.dumps(to_json(details_of(row, rng))),
            encoding="utf-8",
        )


def encoded(us: np.ndarray) -> str:
    """Durations in microseconds as the load encodes them."""
    histogram = HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)
    values = us.astype(int).clip(LOWEST_US, HIGHEST_US)
    if len(values):  # as record_value() does, one by one
        counts = np.ctypeslib.as_array(histogram.counts)
        places = np.searchsorted(_longest_us(LOWEST_US, HIGHEST_US, DIGITS), values)
        counts += np.bincount(places, minlength=len(counts)).astype(counts.dtype)
        histogram.total_count = len(values)
        histogram.min_value, histogram.max_value = int(values.min()), int(values.max())
    return encode(histogram)


def details_of(row: dict[str, Any], rng: np.random.Generator) -> TrialResult:
    """What a completed trial with this row leaves beside it."""
    seconds = max(1, round(float(row["window_s"])))
    middle = float(row["response_p50_us"])
    response = middle * np.exp(rng.normal(0, 0.5, REQUESTS))
    connect = 30.0 * np.exp(rng.normal(0, 0.3, REQUESTS))
    lost = min(int(row["listen_drops"]), REQUESTS // 4)
    connect[:lost] = 1e6 * rng.choice(SYN_S, lost) + rng.uniform(5_000, 30_000, lost)
    response[:lost] += connect[:lost]
    histograms = {"response": encoded(response), "connect": encoded(connect)}
    if row["load"] == "open_loop":
        histograms["service"] = encoded(response / 2)
    window_s = float(row["window_s"])
    parts = np.array_split(response, seconds)
    return TrialResult(
        trial=row["trial"],
        phases_s={
            "connect_idle": 0.3,
            "connect_active": 0.1,
            "company": 0.0,
            "warm_up": 0.5,
            "window": window_s,
        },
        window=a_window(
            started_ns=STARTED_NS,
            window_s=window_s,
            ended_ns=STARTED_NS + int(window_s * NS),
            distributions={name: a_distribution(one) for name, one in histograms.items()},
        ),
        series=tuple(
            a_second(
                float(second),
                requests=int(float(row["requests_per_s"])),
                response_p50_us=float(np.percentile(part, 50)),
                response_p99_us=float(np.percentile(part, 99)),
                response_max_us=float(part.max()),
                histogram=encoded(part),
            )
            for second, part in enumerate(parts)
        ),
        samples=tuple(
            a_sample(
                label,
                0.0,
                0.0,
                at_ns=int(STARTED_NS + at_s * NS),
                listen_drops=int(drops),
                listen_overflows=int(drops),
                retransmits=int(drops * 0.8),
            )
            for label, at_s, drops in (
                ("start", -0.9, 0.0),
                ("gate", -0.6, lost * 0.1),
                ("open", OPENED_S, lost * 0.3),
                *(("second", n, lost * (0.3 + 0.7 * n / seconds)) for n in range(1, seconds)),
                ("close", seconds, lost),
            )
        ),
    )
