"""Runs whose trials.csv was edited, and what is said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import analysis
from contract.exits import Exit, LabError
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Lines = list[list[str]]


def problems(path: Path) -> tuple[list[str], Exit]:
    with pytest.raises(LabError) as caught:
        analysis.load(path)
    return str(caught.value).splitlines(), caught.value.exit


def edited(folder: Path, change: Callable[[Lines], None], end: str = "\n") -> Path:
    """A run whose trials.csv was changed, cell by cell; line 1 is the header."""
    path = made.write_run(folder, made.trials(1)) / "trials.csv"
    lines = [line.split(",") for line in path.read_text().splitlines() if '"' not in line]
    change(lines)
    path.write_text("\n".join(",".join(line) for line in lines) + end)
    return folder


def column(lines: Lines, name: str) -> int:
    return lines[0].index(name)
