"""Pictures that other processes draw are the same pictures, and their errors the same errors."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from analysis.charts import picture
from analysis.charts.drawing import drawing
from analysis.charts.picture import save
from analysis.rendering import write_errors
from contract.exits import LabError
from tests.analysis.charts.test_picture import CHART


def test_a_process_draws_what_save_draws(tmp_path: Path) -> None:
    with drawing(tmp_path / "there") as draw:
        pictures = [draw(CHART, name) for name in ("f", "g", "h")]
    assert pictures[0].result() == save(CHART, tmp_path / "here", "f")
    for end in ("png", "svg"):
        one, other = (tmp_path / folder / f"f.{end}" for folder in ("here", "there"))
        assert one.read_bytes() == other.read_bytes()
    assert len(list((tmp_path / "there").iterdir())) == 6


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "figures").write_text("in the way")
    with (
        pytest.raises(LabError, match=r"figures: cannot be written: File exists"),
        write_errors(),
        drawing(tmp_path / "figures") as draw,
    ):
        draw(CHART, "f").result()


def killed(*_: object) -> None:
    os._exit(1)


def test_a_process_that_is_killed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "save", killed)
    with (
        pytest.raises(LabError, match="a process that drew pictures was killed"),
        drawing(tmp_path) as draw,
    ):
        draw(CHART, "f").result()


def failing_beside(folder: Path) -> None:
    with drawing(folder) as draw:
        draw(CHART, "f")
        raise LabError("nothing to judge")


def test_what_fails_beside_the_pictures_is_what_is_told(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="nothing to judge"):
        failing_beside(tmp_path)
