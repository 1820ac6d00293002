"""One piece of a `trials.csv`: whole lines into columns with the format's types.

Anything out of order gives None, and `csv_check` then says what it is. Numbers are
parsed as plain floats (exact to 2^53, far beyond any count here) and get their mask
afterwards: pandas' own way to its nullable types goes through a string per cell.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.record import COLUMNS, NAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNIQUE = ("trial", "started_at")
TEXTS = tuple(c.name for c in COLUMNS if c.kind == "text" and c.name not in UNIQUE)
DTYPES = {"text": "category", "int": "float64", "float": "float64", "flag": "object"}
TRUE, FALSE = ("true", "1"), ("false", "0")
LARGEST_WHOLE = 2.0**53
QUOTE, COMMA, END = ord('"'), ord(","), ord("\n")

Piece = dict[str, Any]


def piece(raw: bytes, header: list[str]) -> Piece | None:
    """A piece by column, or None if it is out of order: floats with NaN for what is missing,
    texts and flags as categories, the two that no trial shares as they are."""
    if not raw.endswith(b"\n") or b"\0" in raw or not _even(raw, len(header)):
        return None
    types = {c.name: "object" if c.name in UNIQUE else DTYPES[c.kind] for c in COLUMNS}
    try:
        frame = _frame(raw, header, types)
        # The parser takes words that look like numbers or truth values for such, even as
        # categories; the few columns where it did are read again as they stand.
        mistaken = [name for name in TEXTS if not _are_texts(frame[name].cat.categories)]
        if mistaken:
            frame = _frame(raw, header, {**types, **dict.fromkeys(mistaken, "object")})
        return _checked(frame)
    except (ValueError, TypeError, OverflowError):
        return None


def _frame(raw: bytes, header: list[str], types: dict[str, str]) -> pd.DataFrame:
    frame: pd.DataFrame = pd.read_csv(
        io.BytesIO(raw),
        header=None,
        names=header,
        index_col=False,
        usecols=list(NAMES),
        dtype=types,
        keep_default_na=False,
        na_values=[""],
        skip_blank_lines=False,
        low_memory=False,
    )
    return frame


def _are_texts(categories: pd.Index[Any]) -> bool:
    return not len(categories) or isinstance(categories[0], str)


def _even(raw: bytes, width: int) -> bool:
    """Whether every record has `width` fields: the parser would fill up a short one.

    Every so many separators outside quotes one must be a line's end, and no other.
    """
    data = np.frombuffer(raw, dtype=np.uint8)
    ends = data == END
    places = np.flatnonzero((data == COMMA) | ends)
    if b'"' in raw:
        places = _outside_quotes(places, np.flatnonzero(data == QUOTE))
    last = ends[places[width - 1 :: width]]
    if len(places) % width == 0 and last.all() and ends[places].sum() == len(last):
        return True
    # A lone quote inside a cell that is not quoted is odd, but no fault.
    return all(len(row) == width for row in csv.reader(io.StringIO(raw.decode()), strict=True))


def _outside_quotes(places: NDArray[np.intp], quotes: NDArray[np.intp]) -> NDArray[np.intp]:
    """The places that are not between an odd quote and the even one after it."""
    if len(quotes) % 2:
        return places
    opened, closed = (np.searchsorted(places, quotes[first::2]) for first in (0, 1))
    change = np.zeros(len(places) + 1, dtype=np.int8)
    np.add.at(change, opened, 1)
    np.add.at(change, closed, -1)
    outside: NDArray[np.intp] = places[np.cumsum(change[:-1], dtype=np.int8) == 0]
    return outside


def _checked(frame: pd.DataFrame) -> Piece | None:
    """The columns of a piece, if every cell is what the record format says."""
    columns: Piece = {}
    for column in COLUMNS:
        values = frame[column.name]
        if column.name in UNIQUE:
            columns[column.name] = values
        elif column.kind in ("int", "float"):
            numbers = values.to_numpy(dtype="float64")
            if not _are_counts(numbers) if column.kind == "int" else not _are_sizes(numbers):
                return None
            columns[column.name] = numbers
        else:
            texts = values.astype("category").array
            allowed = TRUE + FALSE if column.kind == "flag" else column.choices
            if allowed and not set(texts.categories) <= set(allowed):
                return None
            columns[column.name] = pd.Categorical.from_codes(
                texts.codes, pd.Index(texts.categories, dtype="str")
            )
        if column.required and values.isna().any():
            return None
    times: pd.Series[str] = columns["started_at"]
    started = pd.to_datetime(times, format="ISO8601", utc=True, errors="coerce")
    if started.isna().any():
        return None
    columns["started_at"] = started
    return columns


def _are_sizes(numbers: NDArray[np.float64]) -> bool:
    """Finite and 0 or more; empty cells are NaN."""
    return not ((numbers < 0) | np.isinf(numbers)).any()


def _are_counts(numbers: NDArray[np.float64]) -> bool:
    whole = (numbers == np.floor(numbers)) | np.isnan(numbers)
    return bool(whole.all()) and not ((numbers < 0) | (numbers > LARGEST_WHOLE)).any()
