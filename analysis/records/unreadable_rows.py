"""Rows of a run that are left out of every figure: the lab wrote one that cannot be.

Every command names them. A report also writes them to `left_out.csv` beside the records, for
`claims`, which reads no records.
"""

from __future__ import annotations

import csv
from pathlib import Path

from analysis.records.run import Run
from analysis.wording import plural
from contract.columns.csv_check import LeftOut

FILE = "left_out.csv"
MOST_NAMED = 10


def notes(run: Run) -> list[str]:
    """Sentences: which rows were left out and which cells emptied, and why; none where all were
    read."""
    emptied = _first(
        run.emptied,
        f"Emptied in {run.path.name}, as the lab wrote a figure that cannot be, of a trial that "
        "was not measured in any case",
    )
    if not run.spoiled:
        return emptied
    rows = len({one.line for one in run.spoiled})
    return [
        f"{plural(rows, 'row')} of {run.path / 'trials.csv'} {'is' if rows == 1 else 'are'} void "
        "and left out of every figure, because the lab wrote one that cannot be.",
        *_first(run.spoiled, f"Left out of {run.path.name}"),
        *emptied,
    ]


def _first(cells: tuple[LeftOut, ...], what: str) -> list[str]:
    """A sentence for each of the first cells, and how many more there are."""
    sentences = [f"{what}: {one}." for one in cells[:MOST_NAMED]]
    if len(cells) > MOST_NAMED:
        sentences.append(f"And {len(cells) - MOST_NAMED:,} more.")
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
    except (OSError, ValueError, KeyError, csv.Error):
        return 0
