"""Reading a run: `manifest.json` and `trials.csv` into a typed frame.

Records are only ever read. pandas reads a good file; whatever does not fit is read
again, slowly, by `contract.columns.csv_check`, which names every problem with its line and column.
A row that only a fault of its writer has spoiled is void, and told; a file that was damaged
or edited is refused.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import pandas as pd

from analysis.records import inner_forms
from analysis.records.failed_readings import without_failed_readings
from analysis.records.manifest import Manifest, read_manifest
from analysis.records.trials_csv import parse
from analysis.records.words import in_todays_words, void
from contract.columns.csv_check import SHOWN_PROBLEMS, LeftOut, examine, refusal
from contract.exits import Exit, LabError
from contract.run_files import MANIFEST
from contract.void_causes import MEASURED_AGAIN

FILE = "trials.csv"
RUNS = 16
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One run. `trials` has the columns of the record format, a row per trial, in today's words
    and with `measured` and `valid` added (`analysis.records.words`), `started_at` as a UTC time;
    `spoiled` says which rows are void because they are out of order. A run is equal to itself
    alone, so that work on it can be remembered."""

    path: Path
    manifest: Manifest
    trials: pd.DataFrame
    repeated: pd.DataFrame
    """Rows in whose place a later attempt stands."""
    spoiled: tuple[LeftOut, ...] = ()
    emptied: tuple[LeftOut, ...] = ()
    """Figures that cannot be, of trials that were not measured in any case."""

    @property
    def valid(self) -> pd.DataFrame:
        """The trials that have figures: measured, or starved in a window."""
        return self.trials[self.trials["valid"]]

    @property
    def measured(self) -> pd.DataFrame:
        """The trials that were measured."""
        return self.trials[self.trials["measured"]]

    @property
    def void(self) -> pd.DataFrame:
        """The trials that were spoiled: no figure has them."""
        return self.trials[void(self.trials)]

    @property
    def not_run(self) -> int:
        """How many of its trials have no row: it was stopped, or still goes on. Two rows of one
        trial are no other's. 0 where the manifest does not say how many there are to be."""
        known = self.trials[["point", "repeat"]].drop_duplicates()
        return max(0, (self.manifest.trials or 0) - len(known))

    @property
    def unfinished(self) -> str:
        """The same in words; '' of a whole run."""
        if not self.not_run:
            return ""
        return (
            f"the run is not finished: {self.not_run:,} of its {self.manifest.trials:,} trials "
            "have no row, and what they would show is not known (make resume)"
        )

    @property
    def name(self) -> str:
        """Name of the experiment."""
        if self.manifest.experiment:
            return self.manifest.experiment
        return str(self.trials["experiment"].iloc[0]) if len(self.trials) else self.path.name


def remembered(function: Callable[P, T]) -> Callable[P, T]:
    """The same function of a run, which works once for each of the last RUNS. What it returns is
    shared: nobody writes into it."""
    return cast("Callable[P, T]", lru_cache(maxsize=RUNS)(function))


def load(path: str | Path) -> Run:
    """Read the run in folder `path`; LabError(BAD_INPUT) names all that is wrong."""
    path = Path(path)
    if not path.is_dir():
        raise LabError(
            f"{path}: no such folder: expected results/EXPERIMENT/RUN, "
            f"with {MANIFEST} and {FILE} in it",
            Exit.BAD_INPUT,
        )
    manifest = read_manifest(path / MANIFEST)
    frame, spoiled, emptied = read_trials(path / FILE)
    earlier = _superseded(frame)
    trials, repeated = frame, frame.iloc[:0]
    if earlier.any():
        trials, repeated = frame[~earlier].reset_index(drop=True), frame[earlier]
    return Run(path, manifest, trials, repeated, spoiled, emptied)


def read_trials(
    path: Path,
) -> tuple[pd.DataFrame, tuple[LeftOut, ...], tuple[LeftOut, ...]]:
    """`trials.csv` as a typed frame, a row per measurement; for which cells rows are void in it,
    and which others are empty.

    LabError(BAD_INPUT) names every line of a file that was damaged or edited.
    """
    spoiled: tuple[LeftOut, ...] = ()
    emptied: tuple[LeftOut, ...] = ()
    try:
        with path.open("rb") as file:
            frame = parse(file)
        if frame is None:
            frame, spoiled, emptied = _without_spoiled(path)
    except FileNotFoundError:
        raise LabError(
            f"{path}: no such file: no trial of this run has finished", Exit.NOT_READY
        ) from None
    except OSError as error:
        raise LabError(f"{path}: cannot be read: {error.strerror}", Exit.BAD_INPUT) from None
    if problems := [f"{path}: {fault}" for fault in inner_forms.faults(frame)]:
        raise LabError("\n".join(problems[:SHOWN_PROBLEMS]), Exit.BAD_INPUT)
    return in_todays_words(without_failed_readings(frame)), spoiled, emptied


def _without_spoiled(
    path: Path,
) -> tuple[pd.DataFrame, tuple[LeftOut, ...], tuple[LeftOut, ...]]:
    """A file that is out of order; refused unless that is a matter of single rows."""
    found = examine(path.read_bytes())
    frame = None if found.problems else parse(io.BytesIO(found.kept))
    if frame is None:
        problems = found.problems or ["line 1: the table could not be read"]
        raise LabError(refusal(path, problems), Exit.BAD_INPUT)
    return frame, tuple(found.left_out), tuple(found.emptied)


def _superseded(trials: pd.DataFrame) -> pd.Series[bool]:
    """The rows that a later attempt at the same trial takes the place of.

    One that the server spoiled counts, whatever was measured after it.
    """
    attempts = trials["attempt"].fillna(1).astype("int64")
    keys = [trials["point"].astype("string"), trials["repeat"].astype("int64")]
    later = attempts < attempts.groupby(keys).transform("max")
    return later & trials["spoiled_by"].isin(MEASURED_AGAIN) & void(trials)
