"""The rows of `trials.csv` behind a figure, copied beside it exactly as they were recorded."""

from __future__ import annotations

import csv
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from analysis.records.run import FILE

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from analysis.records.run import Run

MOST_ROWS = 20_000
"""Rows that stand behind a figure; more are not copied."""
PIECE_BYTES, LINE_END = 2**24, ord("\n")


def copy_rows(run: Run, name: str, rows: NDArray[np.intp]) -> str:
    """The lines of some trials in figures/NAME.csv, which is returned; '' where they are too
    many, or where a record is not a line: the lab writes no line ends into cells."""
    if not 0 < len(rows) <= MOST_ROWS:
        return ""
    at = _line_of_each(run)[rows]
    last = int(at.max())
    starts = _lines(run).starts(last)
    if len(starts) < last + 2:  # a lone carriage return may end one
        return ""
    with (run.path / FILE).open("rb") as source:
        lines = []
        for line in (0, *at):
            source.seek(starts[line])
            lines.append(source.read(starts[line + 1] - starts[line]))
    read = csv.DictReader(line.decode() for line in lines)
    if [row["trial"] for row in read] != run.trials["trial"].iloc[rows].tolist():
        return ""
    path = run.path / "figures" / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"".join(lines))
    return f"figures/{name}.csv"


def _line_of_each(run: Run) -> NDArray[np.intp]:
    """The line of each trial, from 0; those that are left out have one, too."""
    spoiled = {one.line - 1 for one in run.spoiled}
    lines = np.arange(1, len(run.trials) + len(spoiled) + 1)
    return lines[~np.isin(lines, list(spoiled))]


class Lines:
    """Where the lines of a file start, found as far as anybody has asked."""

    def __init__(self, path: Path) -> None:
        self._path, self._read = path, 0
        self._starts = np.zeros(1, dtype="int64")

    def starts(self, line: int) -> NDArray[np.int64]:
        """Where each line starts, from 0 to `line` and the end of that one."""
        found = [self._starts]
        known = len(self._starts)
        with self._path.open("rb") as file:
            file.seek(self._read)
            while known < line + 2 and (raw := file.read(PIECE_BYTES)):
                ends = np.flatnonzero(np.frombuffer(raw, dtype="uint8") == LINE_END)
                found.append(ends + (self._read + 1))
                known += len(ends)
                self._read += len(raw)
        self._starts = np.concatenate(found)
        return self._starts


@lru_cache(maxsize=1)
def _lines(run: Run) -> Lines:
    return Lines(run.path / FILE)
