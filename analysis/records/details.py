"""What a trial left beside its row: histograms, seconds, samples of the server's side.

`trials/ID/result.json` holds them. A run without them (an old one, a made-up one)
is no fault: whoever asks gets nothing. A file that is there and cannot be read is
a fault, and is named.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from hdrh.codec import HdrCookieException, HdrHistogramSettingsException, HdrLengthException
from hdrh.histogram import HdrHistogram

from analysis.arrays import Floats, Numbers
from analysis.records.file_text import file_text
from analysis.records.run import Run, remembered
from contract.exits import Exit, LabError
from contract.result.distribution import Distribution
from contract.result.document import from_json
from contract.result.load_side import LoadSecond
from contract.result.trial_result import TrialResult

FOLDER, FILE = "trials", "result.json"
UNREADABLE = (
    *(ValueError, TypeError, AttributeError, IndexError, struct.error, zlib.error),
    *(HdrCookieException, HdrHistogramSettingsException, HdrLengthException),
)
"""What the library raises where the text is no histogram."""
LOWEST_US, HIGHEST_US, DIGITS = 1, 60_000_000, 3
"""The range of every histogram of the lab, and its significant digits."""


@remembered
def recorded(run: Run) -> frozenset[str]:
    """Identifiers of the trials that have a folder beside the CSV."""
    folder = run.path / FOLDER
    return frozenset(entry.name for entry in folder.iterdir()) if folder.is_dir() else frozenset()


@remembered
def _recorded_rows(run: Run) -> Numbers:
    return np.flatnonzero(run.trials["trial"].isin(recorded(run)))


def among(run: Run, trials: pd.DataFrame) -> pd.DataFrame:
    """The trials, out of these of the run, that have a folder."""
    return trials[np.isin(trials.index, _recorded_rows(run), kind="table")]


@lru_cache(maxsize=4096)
def details(run: Run, trial: str) -> TrialResult:
    """All that was recorded of a trial; empty where there is nothing."""
    there = trial in recorded(run)
    return _read(run.path / FOLDER / trial / FILE) if there else TrialResult()


def histogram(run: Run, trial: str, name: str = "response") -> HdrHistogram | None:
    """The durations of a trial in microseconds: `response` (from the intended moment in an
    open loop), `service`, `connect`, `first_response`, `lag`; None if it has none."""
    found = _distribution(run, trial, name)
    return _decoded(run, trial, name, found.histogram) if found else None


def ages(run: Run, trial: str, name: str = "response") -> tuple[Floats, Floats] | None:
    """Those of `counts` that had not ended when the window closed; None without any."""
    found = _distribution(run, trial, name)
    if found is None or found.ages is None:
        return None
    return spread(_decoded(run, trial, name, found.ages))


def seconds(run: Run, trial: str) -> list[tuple[LoadSecond, HdrHistogram]]:
    """The seconds of a trial's window, each with the histogram of its responses."""
    return [
        (one, _decoded(run, trial, "series", one.histogram)) for one in details(run, trial).series
    ]


def decode(encoded: str) -> HdrHistogram:
    """A histogram as the load writes it: HdrHistogram's V2 form, compressed, in base64."""
    return HdrHistogram.decode(encoded)


def merged(run: Run, trials: Iterable[str], name: str = "response") -> HdrHistogram | None:
    """The durations of several trials in one histogram, without loss."""
    whole = HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)
    for trial in trials:
        found = histogram(run, trial, name)
        if found is not None:
            if found.highest_trackable_value > whole.highest_trackable_value:
                wider = HdrHistogram(LOWEST_US, found.highest_trackable_value, DIGITS)
                wider.add(whole)
                whole = wider
            whole.add(found)
    return whole if whole.get_total_count() else None


def counts(run: Run, trial: str, name: str = "response") -> tuple[Floats, Floats] | None:
    """A trial's distribution as (durations in microseconds, how many of each), rising."""
    found = histogram(run, trial, name)
    return None if found is None or not found.get_total_count() else spread(found)


def spread(found: HdrHistogram) -> tuple[Floats, Floats]:
    """A histogram as (durations in microseconds, how many of each), rising.

    The library's own iterator looks at each of its thousands of buckets in Python, which is a
    hundred times slower; as there, a bucket stands for the longest duration that it holds.
    """
    many = np.ctypeslib.as_array(found.counts)
    used = np.flatnonzero(many)
    us = _longest_us(
        found.lowest_trackable_value, found.highest_trackable_value, found.significant_figures
    )
    return us[used], many[used].astype("float64")


@lru_cache(maxsize=4)
def _longest_us(lowest: int, highest: int, digits: int) -> Floats:
    """The longest duration that each bucket of such histograms holds."""
    empty = HdrHistogram(lowest, highest, digits)
    last = [empty.get_value_from_index(n + 1) - 1 for n in range(empty.counts_len)]
    return np.array(last, dtype="float64")


def series(run: Run, trial: str) -> pd.DataFrame:
    """The window of a trial second by second: `from_s` and `to_s` from its opening,
    `requests`, `response_p50_us` to `response_max_us`, connections; empty if not recorded."""
    return pd.DataFrame([asdict(one) for one in details(run, trial).series])


def samples(run: Run, trial: str) -> pd.DataFrame:
    """What the probe read beside the server: a row per sample with its `label`, `at_s` from
    the opening of the window (negative before it) and the kernel's counters."""
    found = details(run, trial)
    if found.window is None or not found.samples:
        return pd.DataFrame()
    table = pd.DataFrame([asdict(one) for one in found.samples])
    at_s = (table["at_ns"] - found.window.started_ns) / 1e9
    return table.assign(at_s=at_s).sort_values("at_s", ignore_index=True)


def shown(run: Run, trials: Sequence[str]) -> list[str]:
    """The trials, out of these, that have something beside the CSV; in their order."""
    there = recorded(run)
    return [trial for trial in trials if trial in there]


def _distribution(run: Run, trial: str, name: str) -> Distribution | None:
    window = details(run, trial).window
    return window.distributions.get(name) if window else None


def _decoded(run: Run, trial: str, name: str, encoded: str) -> HdrHistogram:
    try:
        return decode(encoded)
    except UNREADABLE as error:
        raise _unreadable(run.path / FOLDER / trial / FILE, f"{name}: {error}") from None


def _read(path: Path) -> TrialResult:
    try:
        found = json.loads(file_text(path))
        return TrialResult() if found is None else from_json(TrialResult, found)
    except FileNotFoundError:
        return TrialResult()
    except (OSError, ValueError, RecursionError) as error:  # DocumentError is a ValueError
        raise _unreadable(path, error) from None


def _unreadable(path: Path, why: object) -> LabError:
    return LabError(
        f"{path}: no result of a trial: {why}; delete the trial's folder to do without it",
        Exit.BAD_INPUT,
    )
