"""What a row has to be before it is written: else it is not measured, and can still be read.

A figure that its column cannot hold (negative, infinite, no number, more than all) comes from a
counter or a clock of the lab's own that was wrong. Nobody knows what else that spoiled, so the
trial is void, with the column and the value in its reason and the cell emptied.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.columns import COLUMNS, NAMES
from contract.columns.cells import SHOWN, breaches, written
from contract.columns.failed_readings import failed_readings
from contract.loads import WITHOUT_CLIENTS
from contract.outcomes import not_measured

Row = dict[str, Any]
REQUIRED = {column.name for column in COLUMNS if column.required}


def within_format(row: Row, planned: Mapping[str, Any]) -> Row:
    """The row without readings that failed, or one that is not measured if a figure in it breaks
    the record format; columns that it has not got yet are not missed. A required one gets what was
    `planned`.

    ValueError where that does not help: a name or a choice that the format does not have.
    """
    if failed := failed_readings(row):
        row = row | dict.fromkeys(failed)
    known, fitted, mended = row.get("reason"), row, set[str]()
    reasons = [known] if known else []
    while wrong := breaches(_cells(fitted)):  # figures by themselves, then beside each other
        if any(one.damaged or one.column in mended for one in wrong):
            raise ValueError(f"not a row of the record format: {'; '.join(map(str, wrong))}")
        reasons += [f"{one.column} was {one.cell[:SHOWN]}, not {one.expected}" for one in wrong]
        mended |= {one.column for one in wrong}
        fitted = fitted | {one.column: _instead(one.column, planned) for one in wrong}
    if not mended:
        return row
    return fitted | {"reason": "; ".join(reasons), **not_measured(row.get("spoiled_by") or "lab")}


def unknown(row: Row) -> list[str]:
    """Figures that a verdict needs and that are missing, where responses came."""
    if not row["requests"]:
        return []
    needed = ["requests_per_s", "server_cpu_share", "steal_share", "foreign_cpu_share"]
    if row["load"] not in WITHOUT_CLIENTS:
        needed += ["generator_cpu_share", "coverage"]
    if row["load"] == "keep_alive":
        needed += ["littles_law_ratio", "response_max_us"]
    return [name for name in needed if row.get(name) is None]


def cells_of(row: Mapping[str, Any]) -> list[str]:
    """A whole row as it is written, every column in its place.

    ValueError for one that could not be read: with a column that the format does not have, or
    with a cell that breaks it.
    """
    unknown = row.keys() - set(NAMES)
    if unknown:
        raise ValueError(f"columns that the record format does not have: {sorted(unknown)}")
    cells = {name: written(row.get(name)) for name in NAMES}
    if wrong := breaches(cells):
        raise ValueError(f"not a row of the record format: {'; '.join(map(str, wrong))}")
    return list(cells.values())


def _cells(row: Row) -> dict[str, str]:
    return {name: written(value) for name, value in row.items() if value is not None}


def _instead(name: str, planned: Mapping[str, Any]) -> Any:
    return planned.get(name) if name in REQUIRED else None
