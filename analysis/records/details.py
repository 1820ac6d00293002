"""What a trial left beside its row: histograms, seconds, samples of the server's side.

`trials/ID/result.json` holds them. A run without them (an old one, a made-up one)
is no fault: whoever asks gets nothing. A file that is there and cannot be read is
a fault, and is named.
"""

from __future__ import annotations

import json
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from hdrh.codec import HdrCookieException, HdrHistogramSettingsException, HdrLengthException
from hdrh.histogram import HdrHistogram

from analysis.records.result_format import fault
from contract.exits import Exit, LabError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from analysis.records.run import Run

    Floats = NDArray[np.float64]

FOLDER, FILE = "trials", "result.json"
UNREADABLE = (
    *(ValueError, TypeError, AttributeError, zlib.error),
    *(HdrCookieException, HdrHistogramSettingsException, HdrLengthException),
)
"""What the library raises at a histogram that is none."""
LOWEST_US, HIGHEST_US, DIGITS = 1, 60_000_000, 3
"""The range of every histogram of the lab, and its significant digits."""
Details = dict[str, Any]


@lru_cache(maxsize=4)
def recorded(run: Run) -> frozenset[str]:
    """Identifiers of the trials that have a folder beside the CSV."""
    folder = run.path / FOLDER
    return frozenset(entry.name for entry in folder.iterdir()) if folder.is_dir() else frozenset()


@lru_cache(maxsize=4)
def _recorded_rows(run: Run) -> NDArray[np.intp]:
    return np.flatnonzero(run.trials["trial"].isin(recorded(run)))


def among(run: Run, trials: pd.DataFrame) -> pd.DataFrame:
    """Those of some trials of the run that have a folder; of a million, few may."""
    return trials[np.isin(trials.index, _recorded_rows(run), kind="table")]


@lru_cache(maxsize=4096)
def details(run: Run, trial: str) -> Details:
    """All that was recorded of a trial; empty where there is nothing."""
    return _read(run.path / FOLDER / trial / FILE) if trial in recorded(run) else {}


def histogram(run: Run, trial: str, name: str = "response") -> HdrHistogram | None:
    """The durations of a trial in microseconds: `response` (from the intended moment in an
    open loop), `service`, `connect`, `first_response`, `lag`; None if it has none."""
    encoded = _window(details(run, trial)).get("histograms", {}).get(name)
    try:
        return None if encoded is None else decode(encoded)
    except UNREADABLE as error:
        raise _unreadable(run.path / FOLDER / trial / FILE, f"{name}: {error}") from None


def seconds(run: Run, trial: str) -> list[tuple[Details, HdrHistogram]]:
    """The seconds of a trial's window that had responses, each with their histogram; none where
    those were not kept for all of them.
    """
    rows = details(run, trial).get("series") or []
    if not all(row.get("histogram") for row in rows):
        return []
    try:
        return [(row, decode(row["histogram"])) for row in rows if row["requests"]]
    except UNREADABLE as error:
        raise _unreadable(run.path / FOLDER / trial / FILE, f"series: {error}") from None


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
    return pd.DataFrame(details(run, trial).get("series") or [])


def samples(run: Run, trial: str) -> pd.DataFrame:
    """What the probe read beside the server: a row per sample with its `label`, `at_s` from
    the opening of the window (negative before it) and the kernel's counters."""
    found = details(run, trial)
    start = _window(found).get("started_ns")
    rows = [one for one in found.get("samples") or [] if one.get("at_ns")]
    if start is None or not rows:
        return pd.DataFrame()
    table = pd.DataFrame(rows)
    return table.assign(at_s=(table["at_ns"] - start) / 1e9).sort_values("at_s", ignore_index=True)


def shown(run: Run, trials: Sequence[str]) -> list[str]:
    """Those of the trials that have something beside the CSV, in their order."""
    there = recorded(run)
    return [trial for trial in trials if trial in there]


def _window(found: Details) -> Details:
    return found.get("window") or {}


def _read(path: Path) -> Details:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    if found is None:
        return {}
    if why := fault(found) if isinstance(found, dict) else "not an object":
        raise _unreadable(path, why)
    return dict(found)


def _unreadable(path: Path, why: object) -> LabError:
    return LabError(
        f"{path}: no result of a trial: {why}; delete the trial's folder to do without it",
        Exit.BAD_INPUT,
    )
