"""Reading a run: `manifest.json` and `trials.csv` into a typed frame.

Records are only ever read. A good file goes the short way, through `csv_read`;
whatever does not fit is read again, slowly, by `csv_check`, which names every problem
with its line and column.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.csv_check import find_problems
from analysis.csv_read import parse
from analysis.manifest import FILE as MANIFEST_FILE
from analysis.manifest import Manifest, read_manifest
from experiments.exits import Exit, LabError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

FILE = "trials.csv"
SHOWN_PROBLEMS = 20


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

    def counted(self, columns: Sequence[str]) -> pd.DataFrame:
        """Some columns of the trials that count: to take rows is to copy each column."""
        return self.trials[list(columns)][self.trials["valid"]]

    def left_out(self, columns: Sequence[str]) -> pd.DataFrame:
        """Some columns of the others."""
        return self.trials[list(columns)][~self.trials["valid"]]

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


def load(path: str | Path, *, writable: bool = True) -> Run:
    """Read the run in folder `path`; LabError(BAD_INPUT) names all that is wrong. Columns whose
    cells are alike take memory only if they are to be `writable`."""
    path = Path(path)
    if not path.is_dir():
        raise LabError(
            f"{path}: no such folder: expected results/EXPERIMENT/RUN, "
            f"with {MANIFEST_FILE} and {FILE} in it",
            Exit.BAD_INPUT,
        )
    manifest, trials = read_manifest(path / MANIFEST_FILE), read_trials(path / FILE)
    return Run(path, manifest, trials.copy() if writable else trials)


def read_trials(path: Path) -> pd.DataFrame:
    """`trials.csv` as a typed frame, a row per trial; LabError(BAD_INPUT) otherwise."""
    try:
        with path.open("rb") as file:
            frame = parse(file)
    except FileNotFoundError:
        raise LabError(
            f"{path}: no such file: no trial of this run has finished", Exit.NOT_READY
        ) from None
    except OSError as error:
        raise LabError(f"{path}: cannot be read: {error.strerror}", Exit.BAD_INPUT) from None
    if frame is None:
        problems = find_problems(_text(path))
        lines = [f"{path}, {problem}" for problem in problems[:SHOWN_PROBLEMS]]
        if len(problems) > SHOWN_PROBLEMS:
            lines.append(f"{path}: and {len(problems) - SHOWN_PROBLEMS:,} more")
        raise LabError("\n".join(lines), Exit.BAD_INPUT)
    frame["valid"] = (frame["validity"] != "void") & (frame["outcome"] == "completed")
    return frame


def _text(path: Path) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise LabError(f"{path}, line {line}: not UTF-8 text", Exit.BAD_INPUT) from None
