"""The rows of a run as values, for who decides by them what to measure next."""

from __future__ import annotations

from typing import Any

from contract.columns import COLUMNS
from contract.columns.cells import TRUE
from contract.columns.csv_check import examine, refusal
from contract.exits import Exit, LabError
from contract.literal import unguarded
from experiments.records.run_folder import TRIALS, Store


def typed_rows(store: Store) -> list[dict[str, Any]]:
    """The last attempt at each trial, in the order of the file; None for an empty cell.

    LabError(BAD_INPUT) names all that is damaged.
    """
    path = store.folder / TRIALS
    found = examine(path.read_bytes())
    if found.problems:
        raise LabError(refusal(path, found.problems), Exit.BAD_INPUT)
    rows = [_typed(cells) for cells in found.rows]
    return list({(row["point"], row["repeat"]): row for row in rows}.values())


def _typed(cells: dict[str, str]) -> dict[str, Any]:
    return {column.name: _value(column.kind, cells.get(column.name, "")) for column in COLUMNS}


def _value(kind: str, cell: str) -> Any:
    if not cell:
        return None
    if kind == "flag":
        return cell in TRUE
    if kind == "text":
        return unguarded(cell)
    return int(float(cell)) if kind == "int" else float(cell)
