"""The last verdict on each claim, of all the runs that are kept."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from analysis.claims.judgement import Word
from analysis.records import unreadable_rows
from contract.run_files import VERDICTS
from contract.run_order import begun

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
    for path in sorted(results.glob(f"*/*/{VERDICTS}"), key=lambda path: begun(path.parent)):
        if path.parent.parent.is_symlink() or path.parent.is_symlink():
            continue
        spoiled = unreadable_rows.count(path.parent)
        for number, verdict in _verdicts(path):
            if verdict != Word.NOT_RUN or number not in found:
                run = f"{path.parent.parent.name}/{path.parent.name}"
                found[number] = LatestVerdict(verdict, run, _date(path.parent.name), spoiled)
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
