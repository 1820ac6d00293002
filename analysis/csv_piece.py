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

from analysis.helper import serve
from analysis.memory import keep_memory
from experiments.record import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from experiments.record import Column

UNIQUE = ("trial", "started_at")
TEXTS = tuple(c.name for c in COLUMNS if c.kind == "text" and c.name not in UNIQUE)
DTYPES = {"text": "category", "int": "float64", "float": "float64", "flag": "object"}
TRUE, FALSE = ("true", "1"), ("false", "0")
LARGEST_WHOLE = 2.0**53
QUOTE, COMMA, END = ord('"'), ord(","), ord("\n")

Piece = dict[str, Any]


def piece(raw: bytes, header: list[str]) -> Piece | None:
    """A piece by column, or None if it is out of order: floats with NaN for what is missing,
    texts and flags as categories, the two that no trial shares as they are. A column that is
    empty in every row is left out."""
    if not raw.endswith(b"\n") or b"\0" in raw:
        return None
    filled = _filled(raw, header)
    columns = [column for column in COLUMNS if column.name in filled]
    if not {c.name for c in COLUMNS if c.required} <= filled:
        return None
    types = {c.name: "object" if c.name in UNIQUE else DTYPES[c.kind] for c in columns}
    try:
        frame = _frame(raw, header, types)
        # The parser takes words that look like numbers or truth values for such, even as
        # categories; the few columns where it did are read again as they stand.
        texts = [name for name in TEXTS if name in filled]
        mistaken = [name for name in texts if not _are_texts(frame[name].cat.categories)]
        if mistaken:
            frame = _frame(raw, header, {**types, **dict.fromkeys(mistaken, "object")})
        return _checked(frame, columns)
    except (ValueError, TypeError, OverflowError):
        return None


def _frame(raw: bytes, header: list[str], types: dict[str, str]) -> pd.DataFrame:
    frame: pd.DataFrame = pd.read_csv(
        io.BytesIO(raw),
        header=None,
        names=header,
        index_col=False,
        usecols=list(types),
        dtype=types,
        keep_default_na=False,
        na_values=[""],
        skip_blank_lines=False,
        low_memory=False,
    )
    return frame


def _are_texts(categories: pd.Index[Any]) -> bool:
    return not len(categories) or isinstance(categories[0], str)


def _filled(raw: bytes, header: list[str]) -> set[str]:
    """The columns that hold something in any row; none where a record has not a field for each
    of them, for the parser would fill up a short one.

    Every so many separators outside quotes one must be a line's end, and no other.
    """
    width = len(header)
    data = np.frombuffer(raw, dtype=np.uint8)
    ends = data == END
    places = np.flatnonzero((data == COMMA) | ends).astype(np.int32)
    if b'"' in raw:
        places = _outside_quotes(places, np.flatnonzero(data == QUOTE))
    rows = len(places) // width
    if len(places) == rows * width and np.count_nonzero(ends) == rows:
        records = places.reshape(rows, width)
        if ends[records[:, -1]].all():
            wider = np.flatnonzero((np.diff(records, axis=1) > 1).any(axis=0))
            return {header[0], *(header[column + 1] for column in wider)}
    # A lone quote inside a cell that is not quoted is odd, and an end inside quotes, but no fault.
    read = csv.reader(io.StringIO(raw.decode()), strict=True)
    return set(header) if all(len(row) == width for row in read) else set()


def _outside_quotes(places: NDArray[np.int32], quotes: NDArray[np.intp]) -> NDArray[np.int32]:
    """The places that are not between an odd quote and the even one after it."""
    if len(quotes) % 2:
        return places
    opened, closed = (np.searchsorted(places, quotes[first::2]) for first in (0, 1))
    lengths = closed - opened
    inside = np.repeat(closed - np.cumsum(lengths), lengths) + np.arange(lengths.sum())
    return np.delete(places, inside)


def _checked(frame: pd.DataFrame, wanted: Sequence[Column]) -> Piece | None:
    """The columns of a piece, if every cell is what the record format says."""
    columns: Piece = {}
    for column in wanted:
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


def main() -> None:
    """Be a helper that parses pieces."""
    import gc

    gc.disable()
    keep_memory()
    serve(lambda job: piece(*job))


if __name__ == "__main__":
    main()
