"""The rows behind a figure are copied as they stand, and none that is another."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest

from analysis.records.run import load
from analysis.report import figure_rows
from analysis.report.figure_rows import copy_rows
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path


def test_rows_are_copied_in_their_order(tmp_path: Path) -> None:
    run = load(made.write_run(tmp_path, made.trials(2)))
    lines = (tmp_path / "trials.csv").read_bytes().splitlines(keepends=True)
    last = len(run.trials) - 1
    assert copy_rows(run, "some", np.array([0, 3, last])) == "figures/some.csv"
    copied = (tmp_path / "figures" / "some.csv").read_bytes()
    assert copied == b"".join([lines[0], lines[1], lines[4], lines[last + 1]])


def test_a_record_of_several_lines_is_one_row(tmp_path: Path) -> None:
    frame = made.trials(2)
    frame.loc[1, "reason"] = "two\nlines"
    run = load(made.write_run(tmp_path, frame))
    assert copy_rows(run, "some", np.array([1, 2])) == "figures/some.csv"
    with (tmp_path / "figures" / "some.csv").open(encoding="utf-8", newline="") as file:
        copied = list(csv.DictReader(file))
    assert [row["trial"] for row in copied] == frame["trial"][1:3].tolist()
    assert copied[0]["reason"] == "two\nlines"


def test_none_or_too_many_are_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = load(made.write_run(tmp_path, made.trials(2)))
    monkeypatch.setattr(figure_rows, "MOST_ROWS", 2)
    for rows in ([], [0, 1, 2]):
        assert copy_rows(run, "some", np.array(rows, dtype="intp")) == ""
