"""One piece of a `trials.csv`: whole lines into columns with the format's types.

Anything out of order gives None, and `csv_check` then says what it is. Numbers are floats
(exact to 2^53, far beyond any count here) that get their mask when all pieces are there.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from analysis import csv_numbers, csv_texts
from analysis.csv_cells import columns
from analysis.csv_texts import EMPTY, Coded
from experiments.record import COLUMNS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analysis.csv_cells import Cells
    from experiments.record import Column

    Floats = NDArray[np.float64]
    Times = NDArray[np.datetime64]
    Found = NDArray[Any] | Coded

NUMERIC = {column.name for column in COLUMNS if column.kind in ("int", "float")}
TRUE, FALSE = ("true", "1"), ("false", "0")
LARGEST_PIECE = 2**31 - 2**10
"""Bytes whose places are numbers of 32 bits."""
LARGEST, LARGEST_WHOLE = np.finfo("f8").max, 2.0**53


class Piece(NamedTuple):
    """Some rows by column: floats with NaN for what is missing, texts and flags as numbers of
    the few that there are, the names of trials as they are, moments in UTC. A column that is
    empty in every row is left out, and an array of one cell stands for all rows."""

    rows: int
    columns: dict[str, Found]


def piece(raw: bytes, header: list[str]) -> Piece | None:
    """The rows of whole lines, or None if they are out of order."""
    if not raw.endswith(b"\n") or b"\0" in raw or len(raw) > LARGEST_PIECE:
        return None
    numeric = [name in NUMERIC for name in header]
    try:
        cells = columns(raw, numeric) if b"\r" not in raw else None
        cells = cells or columns(_as_written(raw), numeric)
        if cells is None:
            return None
        by_name = dict(zip(header, cells, strict=True))
        found = {
            column.name: _column(by_name[column.name], column)
            for column in COLUMNS
            if column.name in by_name
        }
    except (ValueError, OverflowError, csv.Error):
        return None
    kept = {name: cells for name, cells in found.items() if cells is not None}
    return Piece(len(cells[0].starts), kept)


def _as_written(raw: bytes) -> bytes:
    """The same as the lab writes it: a lone quote in a cell that is not quoted is odd, and so are
    lines that end as on Windows, but no fault. Raises csv.Error at what is."""
    plain = io.StringIO(newline="")
    rows = csv.reader(io.StringIO(raw.decode()), strict=True)
    csv.writer(plain, lineterminator="\n").writerows(rows)
    return plain.getvalue().encode()


def _column(cells: Cells, column: Column) -> Found | None:
    """A column, None if it is empty; raises ValueError unless every cell is what the record
    format says."""
    if column.required and not cells.shortest:
        raise ValueError(f"{column.name}: empty")
    if not cells.longest:
        return None
    if column.name in NUMERIC:
        numbers = csv_numbers.numbers(cells)
        _check(numbers, column)
        return numbers
    if column.name == "trial":
        names = np.array(csv_texts.texts(cells), dtype=object)
        if "" in names:
            raise ValueError("trial: empty")
        return names
    found = csv_texts.coded(cells)
    allowed = TRUE + FALSE if column.kind == "flag" else column.choices
    if allowed and not set(found.texts) <= set(allowed):
        raise ValueError(f"{column.name}: none of {allowed}")
    if column.required and (found.codes == EMPTY).any():
        raise ValueError(f"{column.name}: empty")
    return _times(found) if column.name == "started_at" else found


def _check(numbers: Floats, column: Column) -> None:
    """ValueError unless all are finite and 0 or more, and whole if they have to be."""
    whole = column.kind == "int"
    if (numbers < 0).any() or (numbers > (LARGEST_WHOLE if whole else LARGEST)).any():
        raise ValueError(f"{column.name}: too small or too large")
    missing = np.isnan(numbers)
    if whole and ((numbers != np.floor(numbers)) & ~missing).any():
        raise ValueError(f"{column.name}: not whole")
    if column.required and missing.any():
        raise ValueError(f"{column.name}: empty")


def _times(found: Coded) -> Times:
    """Raises ValueError if one is no time."""
    times = pd.to_datetime(pd.Series(found.texts), format="ISO8601", utc=True)
    if times.isna().any():
        raise ValueError("no time")
    read: Times = times.dt.tz_localize(None).to_numpy("datetime64[us]")
    return read[found.codes]
