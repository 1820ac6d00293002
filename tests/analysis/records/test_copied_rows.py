"""The rows behind a figure are copied as they stand, and none that is another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from analysis.records import copied_rows
from analysis.records.copied_rows import Lines, copy_rows
from analysis.records.run import load
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_lines_are_found_as_far_as_asked(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copied_rows, "PIECE_BYTES", size)
    path = tmp_path / "lines"
    path.write_bytes(b"head\n\nthird\nfourth\n")
    lines = Lines(path)
    assert lines.starts(0)[:2].tolist() == [0, 5]
    assert (len(lines.starts(0)) == 2) is (size == 1)  # no further than need be
    assert lines.starts(2)[:4].tolist() == [0, 5, 6, 12]
    assert lines.starts(3).tolist() == [0, 5, 6, 12, 19]
    assert lines.starts(1)[:3].tolist() == [0, 5, 6]


def test_rows_are_copied_in_their_order(tmp_path: Path) -> None:
    run = load(made.write_run(tmp_path, made.trials(2)))
    lines = (tmp_path / "trials.csv").read_bytes().splitlines(keepends=True)
    last = len(run.trials) - 1
    assert copy_rows(run, "some", np.array([0, 3, last])) == "figures/some.csv"
    copied = (tmp_path / "figures" / "some.csv").read_bytes()
    assert copied == b"".join([lines[0], lines[1], lines[4], lines[last + 1]])


def test_none_are_copied_where_a_record_is_not_a_line(tmp_path: Path) -> None:
    frame = made.trials(2)
    frame["trial"] = [f"t{n % 6}{'0' * (n // 6)}" for n in range(len(frame))]  # parts of others
    frame.loc[1, "reason"] = "two\nlines"
    run = load(made.write_run(tmp_path, frame))
    assert copy_rows(run, "early", np.array([0])) == "figures/early.csv"
    for rows in ([0, 5], [12], [13]):
        assert copy_rows(run, "late", np.array(rows)) == ""
    assert not (tmp_path / "figures" / "late.csv").exists()


def test_none_or_too_many_are_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = load(made.write_run(tmp_path, made.trials(2)))
    monkeypatch.setattr(copied_rows, "MOST_ROWS", 2)
    for rows in ([], [0, 1, 2]):
        assert copy_rows(run, "some", np.array(rows, dtype="intp")) == ""
