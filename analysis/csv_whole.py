"""The pieces of a `trials.csv` as one typed frame.

Each piece is copied to its place as it comes and let go: columns joined at the end would all
exist twice. Of a column whose cells are alike, one is in memory, and cannot be written to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.csv_piece import TRUE
from analysis.csv_texts import EMPTY, Coded
from experiments.literal import unguarded
from experiments.record import COLUMNS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analysis.csv_piece import Piece
    from experiments.record import Column

SPARE = 1.1
"""Rows that are shorter than those of the first piece are more than it tells."""


class Whole:
    """All columns, as far as pieces have come."""

    def __init__(self, pieces: float) -> None:
        """Of about so many pieces; how many rows they have, the first one tells."""
        self._pieces, self._room, self._rows = pieces, 0, 0
        self._columns = {column.name: Growing(_nothing(column)) for column in COLUMNS}
        self._texts: dict[str, dict[str, int]] = {column.name: {} for column in COLUMNS}

    def add(self, piece: Piece) -> None:
        """Copy a piece to its place."""
        start, self._rows = self._rows, self._rows + piece.rows
        if self._rows > self._room:
            known = self._room or self._rows * max(1.0, self._pieces)
            self._room = max(self._rows, int(known * SPARE))
        for name, column in self._columns.items():
            cells = piece.columns.get(name, column.nothing)
            if isinstance(cells, Coded):
                cells = self._coded(cells, self._texts[name])
            column.add(cells, start, self._rows, self._room)

    def _coded(self, cells: Coded, texts: dict[str, int]) -> NDArray[np.int32]:
        """By the numbers that the texts of all pieces have."""
        numbers = [texts.setdefault(unguarded(text), len(texts)) for text in cells.texts]
        return np.array([*numbers, EMPTY], dtype="int32")[cells.codes]

    def frame(self) -> pd.DataFrame | None:
        """All columns with their types; None where two trials have one name."""
        columns: dict[str, Any] = {}
        for name, kind in ((column.name, column.kind) for column in COLUMNS):
            cells = self._columns.pop(name).cells(self._rows)
            if name == "trial":
                names = pd.Series(self._all(cells))
                if names.duplicated().any():
                    return None
                columns[name] = names.astype("string")
            elif name == "started_at":
                columns[name] = pd.Series(self._all(cells)).dt.tz_localize("UTC")
            elif kind == "text":
                columns[name] = self._categories(cells, self._texts[name])
            elif kind == "flag":
                true = np.array([text in TRUE for text in self._texts[name]] + [False])
                flags, mask = self._all(true[cells]), self._all(cells == EMPTY)
                columns[name] = pd.arrays.BooleanArray(flags, mask)
            else:
                mask = np.isnan(cells)
                numbers = np.where(mask, 0, cells) if mask.any() else cells
                columns[name] = (
                    pd.arrays.FloatingArray(self._all(numbers), self._all(mask))
                    if kind == "float"
                    else pd.arrays.IntegerArray(self._all(numbers.astype("int64")), self._all(mask))
                )
        return pd.DataFrame(columns, copy=False)

    def _categories(self, codes: NDArray[np.int32], texts: dict[str, int]) -> pd.Categorical:
        """With the categories in order, as a file read in one piece has them."""
        places = np.full(len(texts) + 1, EMPTY, dtype="int32")
        ordered = sorted(texts)
        places[[texts[text] for text in ordered]] = np.arange(len(texts))
        return pd.Categorical.from_codes(
            self._all(places[codes]), pd.Index(ordered, dtype="str"), validate=False
        )

    def _all(self, cells: NDArray[Any]) -> NDArray[Any]:
        """One cell for each row: where they are alike, one in memory stands for all."""
        return cells if len(cells) == self._rows else np.broadcast_to(cells, self._rows)


class Growing:
    """A column to which pieces are added: one cell as long as all are alike."""

    def __init__(self, nothing: NDArray[Any]) -> None:
        """`nothing` is an array of one, which says that a cell is missing."""
        self.nothing = nothing
        self._cells = nothing[:0]

    def add(self, cells: NDArray[Any], start: int, end: int, room: int) -> None:
        """Add the cells of the rows from `start` to `end`, or the one that all of them have, with
        `room` for others to come: what is never written to takes no memory."""
        if len(cells) == 1 and (not start or _same(cells, self._cells)):
            self._cells = cells
            return
        if len(self._cells) < end:
            grown = np.empty(room, dtype=self.nothing.dtype)
            grown[:start] = self._cells[:start]
            self._cells = grown
        self._cells[start:end] = cells

    def cells(self, rows: int) -> NDArray[Any]:
        """All that so many rows have, or the one that all of them have."""
        return self._cells[:rows]


def _nothing(column: Column) -> NDArray[Any]:
    if column.name == "trial":
        return np.array([None], dtype=object)
    if column.name == "started_at":
        return np.array(["NaT"], dtype="datetime64[us]")
    return np.array([np.nan]) if column.kind in ("int", "float") else np.array([EMPTY], "int32")


def _same(cells: NDArray[Any], known: NDArray[Any]) -> bool:
    """Whether one cell is the only one that is known, and be it missing."""
    cell, other = cells[0], known[0]
    return len(known) == 1 and bool(cell == other or (cell != cell and other != other))
