"""What exactly is wrong with a `trials.csv` that could not be read.

Slow and thorough, cell by cell: it runs only for a file that is already known
to be out of order, so that the usual way stays fast.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
from datetime import datetime
from typing import TYPE_CHECKING

from analysis.csv_piece import LARGEST_WHOLE
from experiments.record import COLUMNS, FIRST_NAMES, NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from experiments.record import Column

TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?")


def find_problems(text: str) -> list[str]:
    """Every problem of the file, in order, each as 'line L, column C: what, and
    what is expected'; never empty."""
    if not text.strip():
        return ["line 1: empty file: expected a header line with the columns of a trial"]
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        return [f"line {line}: a NUL byte: the file was damaged; remove all from this line on"]
    rows = csv.reader(io.StringIO(text), strict=True)
    try:
        header = next(rows)
        problems = _header(header)
        if problems:
            return problems
        problems = list(_rows(rows, header))
    except csv.Error as error:
        problems = [f"line {rows.line_num}: not valid CSV: {error}"]
    if not text.endswith("\n"):
        last = rows.line_num
        problems = [p for p in problems if not p.startswith((f"line {last}:", f"line {last},"))]
        problems.append(
            f"line {last}: cut short: the run was stopped while it wrote this line; "
            "delete it and resume the run"
        )
    return problems or ["line 1: the table could not be read"]


def _header(header: list[str]) -> list[str]:
    problems = [
        f"line 1, column {name}: given {header.count(name)} times: expected once"
        for name in dict.fromkeys(header)
        if header.count(name) > 1
    ]
    unknown = [name for name in header if name not in NAMES]
    for name in FIRST_NAMES:
        if name not in header:
            near = difflib.get_close_matches(name, unknown, n=1)
            hint = f"; is {near[0]!r} meant?" if near else ""
            problems.append(f"line 1, column {name}: missing{hint}")
    return problems


def _rows(rows: Iterator[list[str]], header: list[str]) -> Iterator[str]:
    checks = [
        (header.index(column.name), column, _check(column))
        for column in COLUMNS
        if column.name in header
    ]
    trial_at = header.index("trial")
    seen: dict[str, int] = {}
    start = 2
    for row in rows:
        end = rows.line_num  # type: ignore[attr-defined]  # a csv reader, which knows its line
        line, start = start, end + 1
        if len(row) != len(header):
            yield (
                f"line {line}: {len(row)} fields where the header has {len(header)}: "
                "cut short or edited by hand; delete the line and resume the run"
            )
            continue
        for index, column, check in checks:
            cell = row[index]
            if cell == "":
                if column.required:
                    yield f"line {line}, column {column.name}: empty: expected {column.meaning}"
            elif expected := check(cell):
                yield f"line {line}, column {column.name}: {cell[:40]!r}: expected {expected}"
        first = seen.setdefault(row[trial_at], line)
        if first != line and row[trial_at]:
            yield f"line {line}, column trial: {row[trial_at]!r} is recorded on line {first} too"


def _check(column: Column) -> Callable[[str], str]:
    """A function that says what is expected of a cell that does not fit, else ''."""
    if column.choices:
        listed = ", ".join(column.choices)
        return lambda cell: "" if cell in column.choices else f"one of {listed}"
    if column.kind == "int":
        return _not_whole
    if column.kind == "float":
        return lambda cell: "" if _is_number(cell) else "a number, 0 or more"
    if column.kind == "flag":
        return lambda cell: "" if cell in ("true", "false", "0", "1") else "true or false"
    if column.name == "started_at":
        return lambda cell: "" if _is_time(cell) else "a time such as 2026-01-31T12:00:00+00:00"
    return lambda _: ""


def _not_whole(cell: str) -> str:
    if not _is_number(cell) or not float(cell).is_integer():
        return "a whole number, 0 or more"
    return "" if float(cell) <= LARGEST_WHOLE else f"a whole number, at most {LARGEST_WHOLE:.0f}"


def _is_number(cell: str) -> bool:
    try:
        number = float(cell)
    except ValueError:
        return False
    return math.isfinite(number) and number >= 0


def _is_time(cell: str) -> bool:
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return False
    return TIME.fullmatch(cell) is not None
