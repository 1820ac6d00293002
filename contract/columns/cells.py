"""One cell of `trials.csv`: how a value is written, and what is wrong with a text that was.

Whoever writes a row and whoever reads one ask the same question of the same text, so that
nothing is written that cannot be read. Two answers are told apart: a number that its column
cannot hold is what a fault of the writer leaves, and costs its row; anything else that does not
fit was edited by hand or damaged, and then nothing in the file is to be trusted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from contract.columns import COLUMNS
from contract.columns.column import LARGEST_WHOLE, Column
from contract.columns.row_rules import IMPLICATIONS, IN_ORDER
from contract.literal import guarded, line

NUMBER = re.compile(
    r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?|nan)", re.ASCII | re.IGNORECASE
)
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
TRUE, FALSE = ("true", "1"), ("false", "0")
SHOWN = 40


class Breach(NamedTuple):
    """What is wrong with a cell: `damaged` is no number out of range, and refuses the file."""

    column: str
    cell: str
    expected: str
    damaged: bool = False

    def __str__(self) -> str:
        given = repr(self.cell[:SHOWN]) if self.cell else "empty"
        return f"column {self.column}: {given}: expected {self.expected}"


def written(value: Any) -> str:
    """A value as its cell; '' for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}" if not abs(value) >= 1e6 else f"{value:.0f}"
    return guarded(line(value)) if isinstance(value, str) else str(value)


def check(column: Column) -> Callable[[str], Breach | None]:
    """A function that says what is wrong with a cell of a column, if anything."""
    expected = _expected(column)
    if column.choices:
        allowed = set(column.choices)
        return lambda cell: None if cell in allowed else _damaged(column, cell, expected)
    if column.kind == "flag":
        allowed = {*TRUE, *FALSE}
        return lambda cell: None if cell in allowed else _damaged(column, cell, expected)
    if column.kind == "text":
        if column.name == "started_at":
            return lambda cell: None if _is_time(cell) else _damaged(column, cell, expected)
        return lambda _: None
    smallest, largest = column.minimum, column.largest

    def number(cell: str) -> Breach | None:
        if NUMBER.fullmatch(cell) is None:
            return _damaged(column, cell, expected)
        value = float(cell)
        whole = column.kind == "float" or (math.isfinite(value) and value.is_integer())
        if whole and smallest <= value <= largest:
            return None
        over = whole and value > largest and column.maximum is None
        return Breach(column.name, cell, _at_most(column) if over else expected)

    return number


def breaches(cells: Mapping[str, str]) -> list[Breach]:
    """All that is wrong with a row, given by column; an empty cell is wrong where it is required,
    which only a given one can be."""
    found = []
    for column in COLUMNS:
        cell = cells.get(column.name)
        if cell:
            if wrong := CHECKS[column.name](cell):
                found.append(wrong)
        elif cell is not None and column.required:
            found.append(_damaged(column, "", column.meaning))
    return found or _contradictions(cells)


def _contradictions(cells: Mapping[str, str]) -> list[Breach]:
    """Between cells each of which is right by itself."""
    found = [
        Breach(
            one.other,
            cells[one.other],
            f"{' or '.join(one.must_be)}, as {one.column} is {one.value}",
        )
        for one in IMPLICATIONS
        if cells.get(one.column) == one.value and cells.get(one.other, "") not in ("", *one.must_be)
    ]
    for less, more in IN_ORDER:
        low, high = cells.get(less), cells.get(more)
        if low and high and float(low) > float(high):
            found.append(Breach(more, high, f"{less}, which is {low}, or more"))
    return found


def _damaged(column: Column, cell: str, expected: str) -> Breach:
    return Breach(column.name, cell, expected, damaged=True)


def _expected(column: Column) -> str:
    if column.choices:
        return f"one of {', '.join(column.choices)}"
    if column.kind == "flag":
        return "true or false"
    if column.kind == "text":
        return "a time such as 2026-01-31T12:00:00+00:00"
    if column.maximum is not None:
        return f"{_kind(column)} from {column.minimum:g} to {column.maximum:g}"
    return f"{_kind(column)}, {column.minimum:g} or more"


def _at_most(column: Column) -> str:
    most = str(LARGEST_WHOLE) if column.kind == "int" else f"{column.largest:.6g}"
    return f"{_kind(column)}, at most {most}"


def _kind(column: Column) -> str:
    return "a whole number" if column.kind == "int" else "a number"


def _is_time(cell: str) -> bool:
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return False
    return TIME.fullmatch(cell) is not None


CHECKS = {column.name: check(column) for column in COLUMNS}
