"""Reading a good `trials.csv` with pandas, into the types of the record format.

Anything out of order gives None, and `csv_check` then says what it is. pandas fills up records
that are too short, so the csv module counts their cells first.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from contract.columns import COLUMNS, FIRST_NAMES
from contract.columns.cells import FALSE, TRUE, written
from contract.columns.column import Column
from contract.columns.csv_check import ENCODING
from contract.columns.row_rules import IMPLICATIONS, IN_ORDER
from contract.literal import GUARD, unguarded

READ_AS = {"int": "float64", "float": "float64", "flag": "str", "text": "str"}
"""Whole numbers as floats first, which hold all up to LARGEST_WHOLE: pandas would make others
whole in silence. Texts as such: categories that look like numbers would become numbers."""
TRIAL, STARTED_AT = "trial", "started_at"
NUMBERS = tuple(column for column in COLUMNS if column.is_number)
LEAST, LARGEST, DEFAULT = (
    np.array([[one] for one in values], dtype="float64")
    for values in zip(*((one.minimum, one.largest, one.default) for one in NUMBERS), strict=True)
)
WHOLE, REQUIRED = (
    np.array([[one] for one in flags], dtype=bool)
    for flags in zip(*((one.kind == "int", one.required) for one in NUMBERS), strict=True)
)
"""What the cells of each column of NUMBERS have to be."""


class OutOfOrderError(ValueError):
    """A cell that its column cannot hold, or a file that is no table."""


def parse(file: BinaryIO) -> pd.DataFrame | None:
    """The typed frame of a file from its start on, or None if anything at all is out of order."""
    try:
        header = _header(file)
        known = [column for column in COLUMNS if column.name in header]
        read = pd.read_csv(
            file,
            usecols=[column.name for column in known],
            dtype={column.name: READ_AS[column.kind] for column in known},
            keep_default_na=False,
            na_values=[""],
            skip_blank_lines=False,
            low_memory=False,
            encoding=ENCODING,
        )
        numbers = _numbers(read)
        frame = pd.DataFrame(
            {
                column.name: numbers[column.name] if column.is_number else _typed(read, column)
                for column in COLUMNS
            }
        )
        _check_together(frame)
    except (ValueError, csv.Error):  # pandas' own errors and wrong bytes are ValueErrors
        return None
    return frame


def _header(file: BinaryIO) -> set[str]:
    """The names of the columns; the file is then at its start again, and each record of it has as
    many cells."""
    text = io.TextIOWrapper(file, encoding=ENCODING, newline="\n")
    try:
        records = csv.reader(_whole_lines(text), strict=True)
        header = next(records, [])
        if len(set(header)) < len(header) or not set(FIRST_NAMES) <= set(header):
            raise OutOfOrderError("the columns are others")
        if any(len(record) != len(header) for record in records):
            raise OutOfOrderError("a record has more or fewer cells")
    finally:
        text.detach()
    file.seek(0, os.SEEK_SET)
    return set(header)


def _whole_lines(lines: Iterator[str]) -> Iterator[str]:
    line = "\n"
    for line in lines:
        if "\0" in line:
            raise OutOfOrderError("a NUL byte")
        yield line
    if not line.endswith("\n"):
        raise OutOfOrderError("cut short")


def _typed(read: pd.DataFrame, column: Column) -> Any:
    """A column of texts or flags with its type, its default where the file has none; raises
    OutOfOrderError unless every cell is what the record format says."""
    if column.name not in read:
        default = written(column.default) or np.nan
        cells = pd.Series(default, index=read.index, dtype=READ_AS[column.kind])
    else:
        cells = read[column.name]
    if column.required and cells.isna().any():
        raise OutOfOrderError(f"{column.name}: empty")
    if column.name == TRIAL:
        cells = _unguarded(cells)
        if cells.duplicated().any():
            raise OutOfOrderError("a trial is recorded twice")
        return cells.astype("string")
    if column.name == STARTED_AT:
        times = pd.to_datetime(cells, format="ISO8601", utc=True).astype("datetime64[us, UTC]")
        if times.isna().any():
            raise OutOfOrderError(f"{column.name}: no time")
        return times
    kinds = cells.astype("category")
    if kinds.cat.categories.str.startswith(GUARD).any():
        kinds = _unguarded(cells).astype("category")
    found = set(kinds.cat.categories)
    allowed = {*TRUE, *FALSE} if column.kind == "flag" else set(column.choices)
    if allowed and not found <= allowed:
        raise OutOfOrderError(f"{column.name}: none of {allowed}")
    if column.kind == "flag":
        return pd.arrays.BooleanArray(cells.isin(TRUE).to_numpy(bool), cells.isna().to_numpy(bool))
    return kinds


def _unguarded(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Texts as they were before a guard kept spreadsheets from taking them for formulas."""
    return cells.map(unguarded, na_action="ignore")


def _numbers(read: pd.DataFrame) -> dict[str, Any]:
    """The columns of NUMBERS by name, as `_typed` has others; all at once, as there are a
    hundred."""
    names = [column.name for column in NUMBERS]
    cells = read.reindex(columns=names).to_numpy("float64").T
    cells = np.where([[name not in read] for name in names], DEFAULT, cells)
    missing = np.isnan(cells)
    cells = np.where(missing, LEAST, cells)
    wrong = (cells < LEAST) | (cells > LARGEST) | (missing & REQUIRED)
    wrong |= WHOLE & (cells != np.floor(cells))
    if wrong.any():
        raise OutOfOrderError(f"{names[int(np.argmax(wrong.any(axis=1)))]}: not what it may be")
    return {
        column.name: pd.arrays.IntegerArray(values.astype("int64"), absent)
        if column.kind == "int"
        else pd.arrays.FloatingArray(values, absent)
        for column, values, absent in zip(NUMBERS, cells, missing, strict=True)
    }


def _check_together(frame: pd.DataFrame) -> None:
    """Raises OutOfOrderError where cells of a row contradict each other, or two rows are of one
    measurement."""
    if frame[["point", "repeat", "position", "attempt"]].duplicated().any():
        raise OutOfOrderError("a measurement is recorded twice")
    for one in IMPLICATIONS:
        if ((frame[one.column] == one.value) & ~frame[one.other].isin(one.must_be)).any():
            raise OutOfOrderError(f"{one.other}: none of {one.must_be}")
    for less, more in IN_ORDER:
        if (frame[less] > frame[more]).fillna(False).any():
            raise OutOfOrderError(f"{less}: above {more}")
