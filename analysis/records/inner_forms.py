"""Cells of `trials.csv` that hold more than a text: counts by name, or JSON.

They are read deep inside claims and figures, so they are checked when a run is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

LARGEST = 1e300
COUNTS = re.compile(r"[^\s=]+=\d{1,18}( [^\s=]+=\d{1,18})*", re.ASCII)


def faults(trials: pd.DataFrame) -> Iterator[str]:
    """'trial T, column C: CELL: expected ...' for each such cell of another form."""
    for name, (is_so, expected) in FORMS.items():
        for cell in trials[name].cat.categories:
            if not is_so(cell):
                trial = trials["trial"][trials[name] == cell].iloc[0]
                yield f"trial {trial}, column {name}: {cell[:40]!r}: expected {expected}"


def _is_counts(cell: str) -> bool:
    return COUNTS.fullmatch(cell) is not None


def _is_list(cell: str) -> bool:
    found = _parsed(cell)
    return isinstance(found, list) and all(map(_is_number, found))


def _is_calls(cell: str) -> bool:
    found = _parsed(cell)
    return isinstance(found, dict) and all(map(_is_number, found.values()))


def _is_kinds(cell: str) -> bool:
    found = _parsed(cell)
    return isinstance(found, dict) and all(map(_is_kind, found.values()))


def _is_kind(found: Any) -> bool:
    if not isinstance(found, dict):
        return False
    low = found.get("lower_bounds", [])
    figures = [value for name, value in found.items() if name != "lower_bounds"]
    return (
        isinstance(low, list)
        and all(isinstance(name, str) and _is_number(found.get(name)) for name in low)
        and all(value is None or _is_number(value) for value in figures)
    )


def _is_number(found: Any) -> bool:
    return type(found) in (int, float) and abs(found) < LARGEST


def _parsed(cell: str) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return None


LIST = (_is_list, "a JSON list of numbers")
FORMS: dict[str, tuple[Callable[[str], bool], str]] = {
    "error_kinds": (_is_counts, "kind=count, with spaces between"),
    "company": (_is_counts, "name=count, with spaces between"),
    "kinds": (_is_kinds, "a JSON object with figures by path"),
    "syscalls": (_is_calls, "a JSON object with numbers by name"),
    **dict.fromkeys(("worker_connections", "worker_cpu_shares", "worker_accepts"), LIST),
}
