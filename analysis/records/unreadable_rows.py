"""Rows that a run has not, because a fault of their writer spoiled them: told by every command.

A report leaves them beside the records as `left_out.csv`, for who reads no records: `claims`.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from analysis.wording import plural
from contract.csv_check import LeftOut

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.records.run import Run

FILE = "left_out.csv"
MOST_TOLD = 10


def notes(run: Run) -> list[str]:
    """In words: what was left out, and why; nothing where nothing was."""
    if not run.spoiled:
        return []
    rows = len({one.line for one in run.spoiled})
    told = [f"Left out of {run.path.name}: {one}." for one in run.spoiled[:MOST_TOLD]]
    if len(run.spoiled) > MOST_TOLD:
        told.append(f"And {len(run.spoiled) - MOST_TOLD:,} more.")
    verb = "is" if rows == 1 else "are"
    return [
        f"{plural(rows, 'row')} of {run.path / 'trials.csv'} {verb} left out of everything, "
        "because the lab wrote a figure that cannot be.",
        *told,
    ]


def write(run: Run) -> None:
    """The file, where there is something to tell; none from an earlier report stays."""
    path = run.path / FILE
    if not run.spoiled:
        path.unlink(missing_ok=True)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(LeftOut._fields)
        table.writerows(run.spoiled)


def count(folder: Path) -> int:
    """How many rows the last report of the run in `folder` left out."""
    try:
        with (folder / FILE).open(encoding="utf-8", newline="") as file:
            return len({row["line"] for row in csv.DictReader(file)})
    except (OSError, ValueError, KeyError):
        return 0
