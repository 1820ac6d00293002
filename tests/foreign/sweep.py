"""An experiment run for real, and what became of each trial, in a line."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console

from contract.columns import COLUMNS
from contract.outcomes import FOREIGN, STEAL, WORD_OF
from contract.void_causes import EXCUSED_BY_A_DISTURBANCE
from experiments.plan.overrides import read_source
from experiments.records.validity import judge
from experiments.run import session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DISTURBED = "disturbed"
WHOLE = {column.name for column in COLUMNS if column.kind == "int"}


def run(text: str, folder: Path, name: str) -> Path:
    """The folder of the run of the experiment `text`, which is where the session keeps its
    results; the experiment's file goes to `folder`."""
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return session.start(read_source(path, name), Console(file=io.StringIO())).folder


def outcomes(folder: Path) -> dict[tuple[str, str], str]:
    """The outcome of each trial of a run, by sweep and server."""
    read = pd.read_csv(folder / "trials.csv").astype(object)
    rows: list[dict[str, Any]] = [
        {str(name): None if pd.isna(cell) else cell for name, cell in row.items()}
        for row in read.to_dict("records")
    ]
    for row in rows:  # beside an empty cell a whole number was read as another
        row |= {name: int(row[name]) for name in WHOLE if row.get(name) is not None}
    return {(row["sweep"], row["server"]): outcome(row) for row in rows}


def outcome(row: dict[str, Any]) -> str:
    """The word for a trial, and why or what is to be known of it: `measured: ...`, `void: ...`;
    `disturbed: ...` where a busy machine may be the cause.

    Other tests run at the same time, and may take so much of the machine that no figure is to be
    believed. What a trial shows of its server stands all the same: it is judged as it would have
    been on a quiet machine.
    """
    disturbed = _disturbed(row) and row["spoiled_by"] == "surroundings"
    if disturbed:
        quiet = {"steal_share": 0.0, "foreign_cpu_share": 0.0}
        known = {name: "" for name in ("reason", "spoiled_by", "error_kinds") if row[name] is None}
        row = {**row, **known, **quiet, "reason": "", "spoiled_by": ""}
        row = {**row, **judge(row)}
    excused = disturbed and row["spoiled_by"] in EXCUSED_BY_A_DISTURBANCE
    word = DISTURBED if excused else WORD_OF[row["validity"]]
    return f"{word}: {row['reason']}" if row["reason"] else word


def _disturbed(row: dict[str, Any]) -> bool:
    """Whether others took more of the machine than a trial may lose."""
    if row["outcome"] != "completed":
        return False
    return (row["steal_share"] or 0.0) > STEAL or (row["foreign_cpu_share"] or 0.0) > FOREIGN


def differences(
    found: Mapping[tuple[str, str], str], expected: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], str]:
    """Where an outcome is not all that its regular expression says, by sweep and server. A
    disturbed one stands for whatever it would have been."""
    pairs = {
        trial: (found.get(trial, "nothing"), expected.get(trial, "nothing"))
        for trial in {**expected, **found}
    }
    return {
        trial: f"{outcome!r} and not {pattern!r}"
        for trial, (outcome, pattern) in pairs.items()
        if not (outcome.startswith(DISTURBED) or re.fullmatch(pattern, outcome, re.DOTALL))
    }
