"""Reading a run: `manifest.json` and `trials.csv` into a typed frame.

Records are only ever read. A good file goes the short way, through pandas'
parser with the types of the record format; whatever does not fit is read again,
slowly, by `csv_check`, which names every problem with its line and column.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.csv_check import find_problems
from analysis.manifest import FILE as MANIFEST_FILE
from analysis.manifest import Manifest, read_manifest
from experiments.exits import Exit, LabError
from experiments.record import COLUMNS, NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

FILE = "trials.csv"
SHOWN_PROBLEMS = 20
UNIQUE = ("trial", "started_at")
DTYPES: Mapping[str, str] = {
    "text": "category",
    "int": "Int64",
    "float": "Float64",
    "flag": "object",
}
TRUE, FALSE = ("true", "1"), ("false", "0")


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One run. `trials` has the columns of the record format, a row per trial,
    with `started_at` as a UTC time and `valid` (not void) added. A run is equal to
    itself alone, so that work on it can be remembered."""

    path: Path
    manifest: Manifest
    trials: pd.DataFrame

    @property
    def valid(self) -> pd.DataFrame:
        """The trials that count: a void one is shown, never averaged in."""
        return self.trials[self.trials["valid"]]

    @property
    def void(self) -> pd.DataFrame:
        """The trials that do not count."""
        return self.trials[~self.trials["valid"]]

    @property
    def name(self) -> str:
        """Name of the experiment."""
        if self.manifest.experiment:
            return self.manifest.experiment
        return str(self.trials["experiment"].iloc[0]) if len(self.trials) else self.path.name


def load(path: Path) -> Run:
    """Read the run in folder `path`; LabError(BAD_INPUT) names all that is wrong."""
    if not path.is_dir():
        raise LabError(
            f"{path}: no such folder: expected results/EXPERIMENT/RUN, "
            f"with {MANIFEST_FILE} and {FILE} in it",
            Exit.BAD_INPUT,
        )
    return Run(path, read_manifest(path / MANIFEST_FILE), read_trials(path / FILE))


def read_trials(path: Path) -> pd.DataFrame:
    """`trials.csv` as a typed frame, a row per trial; LabError(BAD_INPUT) otherwise."""
    raw = _bytes(path)
    frame = _parse(raw)
    if frame is None:
        problems = find_problems(_text(raw, path))
        lines = [f"{path}, {problem}" for problem in problems[:SHOWN_PROBLEMS]]
        if len(problems) > SHOWN_PROBLEMS:
            lines.append(f"{path}: and {len(problems) - SHOWN_PROBLEMS:,} more")
        raise LabError("\n".join(lines), Exit.BAD_INPUT)
    frame["valid"] = (frame["validity"] != "void") & (frame["outcome"] == "completed")
    return frame


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise LabError(
            f"{path}: no such file: no trial of this run has finished", Exit.NOT_READY
        ) from None
    except OSError as error:
        raise LabError(f"{path}: cannot be read: {error.strerror}", Exit.BAD_INPUT) from None


def _text(raw: bytes, path: Path) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise LabError(f"{path}, line {line}: not UTF-8 text", Exit.BAD_INPUT) from None


def _parse(raw: bytes) -> pd.DataFrame | None:
    """The typed frame, or None if anything at all is out of order."""
    if not raw.endswith(b"\n") or b"\0" in raw:
        return None
    try:
        first = raw[: raw.index(b"\n")].decode()
        header = next(csv.reader([first], strict=True))
        if len(set(header)) != len(header) or not set(NAMES) <= set(header):
            return None
        if not _even(raw, len(header)):
            return None
        frame: pd.DataFrame = pd.read_csv(
            io.BytesIO(raw),
            dtype={c.name: "object" if c.name in UNIQUE else DTYPES[c.kind] for c in COLUMNS},
            keep_default_na=False,
            na_values={column.name: [""] for column in COLUMNS},
            usecols=list(NAMES),
            skip_blank_lines=False,
            low_memory=False,
        )[list(NAMES)]
    except (ValueError, TypeError, csv.Error, OverflowError):
        return None
    return _checked(frame)


def _even(raw: bytes, width: int) -> bool:
    """Whether every record has `width` fields. The parser would fill up a short one.

    Lines without quotes have a comma less than fields; the few others (a reason
    that holds a comma) go through the csv module, and if one of those lines does
    not end its quotes, all lines do.
    """
    data = np.frombuffer(raw, dtype=np.uint8)
    ends = np.flatnonzero(data == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    commas = _per_line(data, ",", ends)
    quotes = _per_line(data, '"', ends) if b'"' in raw else np.zeros_like(commas)
    if (quotes % 2).any():
        return all(len(row) == width for row in csv.reader(io.StringIO(raw.decode()), strict=True))
    if (commas[quotes == 0] != width - 1).any():
        return False
    quoted = (raw[starts[i] : ends[i]].decode() for i in np.flatnonzero(quotes))
    return all(len(row) == width for row in csv.reader(quoted, strict=True))


def _per_line(data: NDArray[np.uint8], letter: str, ends: NDArray[np.intp]) -> NDArray[np.intp]:
    before = np.searchsorted(np.flatnonzero(data == ord(letter)), ends)
    return np.diff(before, prepend=0)


def _checked(frame: pd.DataFrame) -> pd.DataFrame | None:
    for column in COLUMNS:
        values = frame[column.name]
        if column.required and values.isna().any():
            return None
        if column.choices and not values.dropna().isin(column.choices).all():
            return None
        if column.kind in ("int", "float"):
            numbers = values.to_numpy(dtype="float64", na_value=np.nan)
            if np.isinf(numbers).any() or (numbers < 0).any():
                return None
        elif column.kind == "flag":
            known = values.dropna()
            if not known.isin(TRUE + FALSE).all():
                return None
            frame[column.name] = values.isin(TRUE).where(values.notna()).astype("boolean")
        else:
            # Every row has another trial and time; the rest are few words many times.
            if column.name in UNIQUE:
                frame[column.name] = values.astype("string")
            else:
                frame[column.name] = values.astype("category")
    started = pd.to_datetime(frame["started_at"], format="ISO8601", utc=True, errors="coerce")
    if started.isna().any() or frame["trial"].duplicated().any():
        return None
    frame["started_at"] = started
    return frame
