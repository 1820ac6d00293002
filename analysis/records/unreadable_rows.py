"""Rows of a run that are left out of everything: the lab wrote a figure that cannot be.

Every command names them. A report also writes them to `left_out.csv` beside the records, for
`claims`, which reads no records.
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
MOST_NAMED = 10


def notes(run: Run) -> list[str]:
    """Sentences: which rows were left out, and why; none where all were read."""
    if not run.spoiled:
        return []
    rows = len({one.line for one in run.spoiled})
    sentences = [
        f"{plural(rows, 'row')} of {run.path / 'trials.csv'} {'is' if rows == 1 else 'are'} left "
        "out of everything, because the lab wrote a figure that cannot be.",
        *(f"Left out of {run.path.name}: {one}." for one in run.spoiled[:MOST_NAMED]),
    ]
    if len(run.spoiled) > MOST_NAMED:
        sentences.append(f"And {len(run.spoiled) - MOST_NAMED:,} more.")
    return sentences


def write(run: Run) -> None:
    """Write the file, or remove that of an earlier report where no row was left out."""
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
