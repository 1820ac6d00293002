"""A run's folder: written once per finished trial, so that a kill loses at most one.

results/EXPERIMENT/RUN/ experiment.yaml  manifest.json  trials.csv
                        trials/ID/  result.json, and a log of each container, as load-2.log
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from contract.columns import NAMES
from contract.columns.csv_check import ENCODING, examine, refusal
from contract.exits import Exit, LabError
from contract.literal import unguarded
from contract.result.benchmark_result import BenchmarkResult
from contract.result.document import to_json
from contract.result.trial_result import TrialResult
from contract.run_files import MANIFEST, VERDICTS
from experiments.plan.source import Source
from experiments.records.attempts import to_repeat
from experiments.records.row_contract import Row, cells_of

EXPERIMENT, TRIALS = "experiment.yaml", "trials.csv"


class DamagedError(LabError):
    """A file of trials that was edited or damaged; the message names the lines."""


class Store:
    """One run folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._size: int | None = None  # of the trials' file, once this run has written to it

    @classmethod
    def create(cls, results: Path, source: Source, run: str) -> Store:
        """A new folder with the experiment's text. Raises LabError."""
        folder = results / source.name / run
        try:
            (folder / "trials").mkdir(parents=True)
            (folder / EXPERIMENT).write_text(source.text, encoding="utf-8")
            _append(folder / TRIALS, NAMES)
        except OSError as error:
            raise LabError(f"cannot write {folder}: {error.strerror}", Exit.NOT_READY) from error
        return cls(folder)

    @classmethod
    def open(cls, folder: Path) -> Store:
        """An existing run. Raises LabError when the folder does not hold one."""
        folder = folder.resolve()
        missing = [n for n in (EXPERIMENT, MANIFEST, TRIALS) if not (folder / n).is_file()]
        if missing:
            raise LabError(f"{folder} is not a run: no {', '.join(missing)}", Exit.BAD_INPUT)
        return cls(folder)

    @property
    def experiment(self) -> Path:
        return self.folder / EXPERIMENT

    @property
    def name(self) -> str:
        return self.folder.parent.name

    @property
    def run(self) -> str:
        return self.folder.name

    def manifest(self) -> dict[str, Any]:
        path = self.folder / MANIFEST
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise LabError(f"{path}: not valid JSON: {error}", Exit.BAD_INPUT) from error
        if not isinstance(data, dict):
            raise LabError(f"{path}: expected an object", Exit.BAD_INPUT)
        return data

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """All or nothing: a killed run has the old one or the new one."""
        path = self.folder / MANIFEST
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
        partial.replace(path)

    def append(
        self,
        row: Row,
        result: TrialResult | BenchmarkResult | None,
        logs: dict[str, str],
    ) -> None:
        """Save a finished trial: its details first, its row last, flushed to the disk. Verdicts
        that were given without it are none any more.

        LabError(BAD_INPUT) where the file is not as this run left it, ValueError for a row that
        could not be read.
        """
        cells = cells_of(row)
        self._check_end()
        details = self.folder / "trials" / row["trial"]
        details.mkdir(exist_ok=True)
        (details / "result.json").write_text(json.dumps(to_json(result), indent=1) + "\n")
        for role, text in logs.items():
            (details / f"{role}.log").write_text(text, encoding="utf-8")
        (self.folder / VERDICTS).unlink(missing_ok=True)
        self._size = _append(self.folder / TRIALS, cells)

    def recorded(self, *, cut: bool = False) -> dict[str, bool]:
        """Identifiers of the trials that have a whole row, and whether that settles them; half a
        last line does not count, and who goes on with the run has it `cut` off.

        DamagedError names all that is damaged, as a report would; LabError where it is another
        version's.
        """
        path = self.folder / TRIALS
        raw = path.read_bytes()
        # A run may have been killed between the bytes of a letter.
        whole = raw[: raw.rfind(b"\n") + 1]
        first = next(csv.reader([whole.split(b"\n", 1)[0].decode(ENCODING, errors="replace")]), [])
        if tuple(first) != NAMES:
            raise LabError(f"{path}:1: the columns are not those of this version", Exit.BAD_INPUT)
        found = examine(whole)
        if found.problems:
            raise DamagedError(refusal(path, found.problems), Exit.BAD_INPUT)
        if cut:
            if whole != raw:
                os.truncate(path, len(whole))
            self._size = len(whole)
        return {unguarded(row["trial"]): not to_repeat(row) for row in found.rows}

    def _check_end(self) -> None:
        """Refuse a file that does not end where this run left it, and with a line."""
        path = self.folder / TRIALS
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            last = file.read()
        if last != b"\n" or self._size not in (None, size):
            expected = "" if self._size is None else f", and had {self._size:,} when it was written"
            raise LabError(
                f"{path}: was changed while the run went on (it has {size:,} bytes{expected}); "
                f"see what is wrong with: make resume RUN={quote(str(self.folder))}",
                Exit.BAD_INPUT,
            )

    def point_latest(self, results: Path) -> None:
        """`results/latest` leads to this run, if that is where it is."""
        link = results.resolve() / "latest"
        if self.folder.resolve().parent.parent != link.parent:
            return
        fresh = link.with_name(f".latest.{os.getpid()}")
        fresh.symlink_to(Path(self.name) / self.run, target_is_directory=True)
        fresh.replace(link)


def _append(path: Path, cells: Sequence[str]) -> int:
    """Returns how long the file is now."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    with path.open("ab") as file:
        file.write(line.getvalue().encode())
        file.flush()
        os.fsync(file.fileno())
        return file.tell()
