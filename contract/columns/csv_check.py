"""What exactly is wrong with a `trials.csv`: what refuses it, and which rows have no figures.

Slow and thorough, cell by cell: it runs for a file that is already known to be out of order, and
before a run goes on.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from contract.columns import COLUMNS, FIRST_NAMES, NAMES, SETTINGS
from contract.columns.cells import SHOWN, Breach, breaches
from contract.outcomes import NOT_MEASURED, not_measured

ENCODING = "utf-8-sig"
"""A spreadsheet puts a byte-order mark before UTF-8, which is no part of the first cell."""
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SEPARATORS = {";": "semicolons", "\t": "tabs"}
SAVED = "as a spreadsheet saves it: its numbers may be rounded; take the file that the lab wrote"
SHOWN_PROBLEMS = 20
PLANNED = {"attempt", *SETTINGS, *(one.name for one in COLUMNS if one.required and one.is_number)}
"""What a row has from the plan and not from a measurement: no fault of the lab's arithmetic spoils
it, and without it nobody knows which trial the row is of."""


class LeftOut(NamedTuple):
    """A row that a fault of its writer has spoiled: where it stands, and what it has."""

    line: int
    trial: str
    column: str
    value: str
    expected: str

    def __str__(self) -> str:
        return (
            f"line {self.line}, trial {self.trial}, column {self.column}: {self.value!r}: "
            f"expected {self.expected}"
        )


@dataclass(slots=True)
class Examined:
    """`problems` refuse the file, each as 'line L, column C: what, and what is expected'. `kept`
    are the bytes of the file with empty cells in the place of those that cannot be: the rows
    `left_out` are void by them, as the lab would have recorded them had it noticed; those with
    `emptied` ones were not measured in any case, and keep their word. `rows` are the cells of all
    rows by column, as they stand there."""

    problems: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    emptied: list[LeftOut] = field(default_factory=list)
    rows: list[dict[str, str]] = field(default_factory=list)
    kept: bytes = b""


def examine(raw: bytes) -> Examined:
    """The bytes of a whole file."""
    if raw.startswith(UTF_16):
        return Examined([f"line 1: UTF-16 text, {SAVED}, or save it as UTF-8"])
    try:
        text = raw.decode(ENCODING)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return Examined([f"line {line}: not UTF-8 text"])
    if not text.strip():
        return Examined(["line 1: empty file: expected a header line with the columns of a trial"])
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        return Examined(
            [f"line {line}: a NUL byte: the file was damaged; remove all from this line on"]
        )
    found, instead = Examined(), dict[int, bytes]()
    rows = csv.reader(io.StringIO(text), strict=True)
    try:
        header = next(rows)
        found.problems += _header(header)
        if found.problems:
            return found
        instead = _rows(rows, header, found)
    except csv.Error as error:
        found.problems.append(f"line {rows.line_num}: not valid CSV: {error}")
    if not text.endswith("\n"):
        last = rows.line_num
        found.problems = [
            one for one in found.problems if not one.startswith((f"line {last}:", f"line {last},"))
        ]
        found.problems.append(
            f"line {last}: cut short: the run was stopped while it wrote this line; "
            "delete it and resume the run"
        )
    if not found.problems:
        lines = enumerate(io.BytesIO(raw), start=1)
        found.kept = b"".join(instead.get(number, line) for number, line in lines)
    return found


def refusal(path: Path, problems: list[str]) -> str:
    """What to say of a file with problems: the first of them, a line each."""
    lines = [f"{path}, {problem}" for problem in problems[:SHOWN_PROBLEMS]]
    if len(problems) > SHOWN_PROBLEMS:
        lines.append(f"{path}: and {len(problems) - SHOWN_PROBLEMS:,} more")
    return "\n".join(lines)


def _header(header: list[str]) -> list[str]:
    for mark, name in SEPARATORS.items():
        if len(set("".join(header[:1]).split(mark)) & set(NAMES)) > 1:
            return [f"line 1: cells apart by {name}, {SAVED}, or save it with commas"]
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


def _rows(rows: Any, header: list[str], found: Examined) -> dict[int, bytes]:
    """The rows of a csv reader after its header; returns by line what is to stand there instead."""
    instead: dict[int, bytes] = {}
    seen: dict[str, int] = {}
    measured: dict[tuple[str, ...], int] = {}
    start = 2
    for row in rows:
        line, start = start, rows.line_num + 1
        if len(row) != len(header):
            found.problems.append(
                f"line {line}: {len(row)} fields where the header has {len(header)}: "
                "cut short or edited by hand; delete the line and resume the run"
            )
            continue
        cells = dict(zip(header, row, strict=True))
        trial = cells["trial"]
        wrong = breaches(cells)
        if refused := [one for one in wrong if one.damaged or one.column in PLANNED]:
            found.problems += [f"line {line}, {one}" for one in refused]
        elif wrong:
            odd, left = _mended(cells)
            instead.update(dict.fromkeys(range(line, start), b""))
            instead[line] = _written(left)
            told = found.emptied if cells["validity"] in NOT_MEASURED else found.left_out
            told += [
                LeftOut(line, trial, one.column, one.cell[:SHOWN], one.expected) for one in odd
            ]
        first = seen.setdefault(trial, line)
        if first != line and trial:
            found.problems.append(
                f"line {line}, column trial: {trial!r} is recorded on line {first} too"
            )
        same = *(cells[name] for name in ("point", "repeat", "position")), cells.get("attempt", "")
        other = measured.setdefault(same, line)
        if other != line and first == line and all(same[:3]):
            found.problems.append(
                f"line {line}, column trial: {trial!r} has the point, repeat and position of line "
                f"{other}: one measurement, recorded twice; delete the copy"
            )
        found.rows.append(cells)
    return instead


def _mended(cells: dict[str, str]) -> tuple[list[Breach], dict[str, str]]:
    """Which cells of a row cannot be, by themselves or beside others, and the row without them:
    void, unless it was not measured in any case."""
    odd: list[Breach] = []
    left = cells
    while wrong := breaches(left):
        odd += wrong
        left = left | {one.column: "" for one in wrong}
        if cells["validity"] not in NOT_MEASURED:
            why = "; ".join(
                f"{one.column} was {one.cell[:SHOWN]}, not {one.expected}" for one in odd
            )
            void = {"reason": why, **not_measured("lab")}
            left |= {name: cell for name, cell in void.items() if name in cells}
    return odd, left


def _written(cells: dict[str, str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells.values())
    return text.getvalue().encode()
