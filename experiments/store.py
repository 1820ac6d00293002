"""A run's folder: written once per finished trial, so that a kill loses at most one.

results/EXPERIMENT/RUN/ experiment.yaml  manifest.json  trials.csv
                        trials/ID/{result.json, server.log, load.log, probe.log}
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

from experiments.exits import Exit, LabError
from experiments.literal import guarded, line, unguarded
from experiments.record import NAMES
from experiments.source import Source

EXPERIMENT, MANIFEST, TRIALS = "experiment.yaml", "manifest.json", "trials.csv"


class Store:
    """One run folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

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
        except ValueError as error:
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
        self, row: dict[str, Any], result: dict[str, Any] | None, logs: dict[str, str]
    ) -> None:
        """Save a finished trial: its details first, its row last, flushed to the disk."""
        unknown = row.keys() - set(NAMES)
        if unknown:
            raise ValueError(f"columns that the record format does not have: {sorted(unknown)}")
        details = self.folder / "trials" / row["trial"]
        details.mkdir(exist_ok=True)
        (details / "result.json").write_text(json.dumps(result, indent=1) + "\n")
        for role, text in logs.items():
            (details / f"{role}.log").write_text(text)
        _append(self.folder / TRIALS, [_cell(row.get(name)) for name in NAMES])

    def finished(self, *, cut: bool = False) -> set[str]:
        """Identifiers of the trials that have a whole row; half a last line does not count, and
        who goes on with the run has it `cut` off.
        """
        path = self.folder / TRIALS
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise LabError(f"{path}: not UTF-8 text: {error}", Exit.BAD_INPUT) from error
        whole = text[: text.rfind("\n") + 1]
        if cut and whole != text:
            os.truncate(path, len(whole.encode()))
        reader = csv.DictReader(io.StringIO(whole))
        if tuple(reader.fieldnames or ()) != NAMES:
            raise LabError(f"{path}:1: the columns are not those of this version", Exit.BAD_INPUT)
        done = set()
        for row in reader:
            if None in row or None in row.values():
                raise LabError(f"{path}:{reader.line_num}: not {len(NAMES)} cells", Exit.BAD_INPUT)
            done.add(unguarded(row["trial"]))
        return done

    def point_latest(self, results: Path) -> None:
        """`results/latest` leads to this run, if that is where it is."""
        link = results.resolve() / "latest"
        if self.folder.resolve().parent.parent != link.parent:
            return
        fresh = link.with_name(f".latest.{os.getpid()}")
        fresh.symlink_to(Path(self.name) / self.run, target_is_directory=True)
        fresh.replace(link)


def sha256(path: Path) -> str:
    """Of a file's bytes, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _append(path: Path, cells: tuple[str, ...] | list[str]) -> None:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(line.getvalue())
        file.flush()
        os.fsync(file.fileno())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.0f}"
    return guarded(line(str(value)))
