"""A trials.csv that a spreadsheet saved is read where nothing is lost, and else told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import analysis
from contract.exits import Exit
from tests.support import made_up_run as made
from tests.support.edited_run import problems

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Lines = list[list[str]]


@pytest.mark.parametrize(
    ("mark", "end"), [(b"\xef\xbb\xbf", b"\n"), (b"", b"\r\n"), (b"\xef\xbb\xbf", b"\r\n")]
)
def test_what_a_spreadsheet_adds_around_the_cells_is_no_matter(
    tmp_path: Path, mark: bytes, end: bytes
) -> None:
    """A byte-order mark, and another end of lines; also where a row has a figure that cannot be."""
    path = made.write_run(tmp_path, made.trials(1)) / "trials.csv"
    rows = len(analysis.load(tmp_path).trials)
    written = mark + path.read_bytes().replace(b"\n", end)
    path.write_bytes(written)
    assert len(analysis.load(tmp_path).trials) == rows
    lines = written.split(end)
    at = lines[0].decode("utf-8-sig").split(",").index("segments_out_per_response")
    cells = lines[2].split(b",")
    cells[at] = b"-7"
    lines[2] = b",".join(cells)
    path.write_bytes(end.join(lines))
    found = analysis.load(tmp_path).trials
    assert len(found) == rows
    assert "segments_out_per_response" in found["reason"].iloc[1]
    assert found["validity"].iloc[1] == "void"


@pytest.mark.parametrize(
    ("save", "told"),
    [
        (lambda text: text.replace(",", ";").encode(), "line 1: cells apart by semicolons"),
        (lambda text: text.replace(",", "\t").encode(), "line 1: cells apart by tabs"),
        (lambda text: text.encode("utf-16"), "line 1: UTF-16 text"),
    ],
)
def test_what_a_spreadsheet_changes_is_told(
    tmp_path: Path, save: Callable[[str], bytes], told: str
) -> None:
    path = made.write_run(tmp_path, made.trials(1)) / "trials.csv"
    path.write_bytes(save(path.read_text()))
    (problem,), code = problems(tmp_path)
    assert told in problem
    assert "take the file that the lab wrote" in problem
    assert code is Exit.BAD_INPUT


def test_an_empty_first_line_is_no_spreadsheets(tmp_path: Path) -> None:
    path = made.write_run(tmp_path, made.trials(1)) / "trials.csv"
    path.write_bytes(b"\n" + path.read_bytes())
    found, _ = problems(tmp_path)
    assert "line 1, column experiment: missing" in found[0]
