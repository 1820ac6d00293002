"""The last verdict on each claim, of all the runs that are kept."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from analysis.claims.judgement import Word
from analysis.records import unreadable_rows
from contract.run_files import VERDICTS
from contract.run_order import in_order

STAMP = "%Y%m%d-%H%M%S"


@dataclass(frozen=True, slots=True)
class LatestVerdict:
    """One verdict; `run` is EXPERIMENT/RUN, `date` the day of it, `left_out` how many rows of
    the run were out of order and had no part in it."""

    verdict: str
    run: str
    date: str
    left_out: int = 0


def latest_verdicts(results: Path) -> dict[int, LatestVerdict]:
    """By claim, that of the newest run which judged it; 'not run' only if none did.

    A run whose verdicts cannot be read is passed over: its own report says why.
    """
    found: dict[int, LatestVerdict] = {}
    folders = (path.parent for path in results.glob(f"*/*/{VERDICTS}"))
    runs = [run for run in folders if not (run.parent.is_symlink() or run.is_symlink())]
    for run in in_order(runs):
        spoiled = unreadable_rows.count(run)
        for number, verdict in _verdicts(run / VERDICTS):
            if verdict != Word.NOT_RUN or number not in found:
                name = f"{run.parent.name}/{run.name}"
                found[number] = LatestVerdict(verdict, name, _date(run.name), spoiled)
    return found


def _verdicts(path: Path) -> list[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [(int(row["claim"]), Word(row["verdict"])) for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return []


def _date(run: str) -> str:
    try:
        return datetime.strptime(run, STAMP).strftime("%Y-%m-%d")
    except ValueError:
        return ""
