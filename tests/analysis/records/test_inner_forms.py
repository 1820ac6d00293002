"""Cells that hold counts or JSON: what is none is named when the run is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import analysis
from contract.exits import Exit, LabError
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {
    "error_kinds": ["reset=3", "closed_early=140 reset=400"],
    "company": ["slow_readers=5 churned=0"],
    "kinds": [
        '{"/": {"requests": 3, "p50_us": 4.5, "p99_us": 9, "lower_bounds": ["p99_us"]}}',
        '{"/a": {"requests": 0, "p50_us": null, "p99_us": null}}',
    ],
    "syscalls": ["{}", '{"read": 1.5}'],
    "worker_connections": ["[]", "[1, 2]"],
    "worker_cpu_shares": ["[0.5, 0.5]"],
    "worker_accepts": ["[7]"],
}
BAD = {
    "error_kinds": ["reset", "reset=many", "reset = 3", "reset=3,closed=4"],
    "company": ["slow"],
    "kinds": [
        *("{", "[]", '{"/": 3}', '{"/": {"p99_us": "9"}}', '{"/": {"lower_bounds": 3}}'),
        '{"/": {"p99_us": null, "lower_bounds": ["p99_us"]}}',
    ],
    "syscalls": ["read=3", '{"read": true}'],
    "worker_connections": ["[1, NaN]", "1, 2", '["1"]', f"[{'9' * 400}]", "[" * 100_000],
    "worker_cpu_shares": ["{}"],
    "worker_accepts": ["none"],
}


def read(folder: Path, column: str, cell: str) -> analysis.Run:
    frame = made.trials(1)
    frame[column] = frame[column].astype(object)
    frame.loc[3, column] = cell
    return analysis.load(made.write_run(folder, frame))


@pytest.mark.parametrize(("column", "cell"), [(n, one) for n, some in GOOD.items() for one in some])
def test_what_the_lab_writes_is_read(tmp_path: Path, column: str, cell: str) -> None:
    assert read(tmp_path, column, cell).trials[column].iloc[3] == cell


@pytest.mark.parametrize(("column", "cell"), [(n, one) for n, some in BAD.items() for one in some])
def test_another_text_is_named_with_its_trial(tmp_path: Path, column: str, cell: str) -> None:
    with pytest.raises(LabError, match=rf"column {column}: .*: expected ") as caught:
        read(tmp_path, column, cell)
    assert f"trial {made.trials(1)['trial'][3]}, " in str(caught.value)
    assert caught.value.exit is Exit.BAD_INPUT
