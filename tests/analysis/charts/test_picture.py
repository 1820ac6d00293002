"""Pictures as files: the same for the same chart, and hollow where a trial was void."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from analysis.charts.model import Axis, Chart, Mark, Panel, Series
from analysis.charts.panels import ARROW, ARROW_DOWN
from analysis.charts.picture import drawn, save

if TYPE_CHECKING:
    from pathlib import Path

NAN = float("nan")
MEASURED = Series(
    *("poll", "#cc4e00", np.array([0.0, 1.0]), np.array([5.0, 4.0])),
    marks=(Mark(1.0, 3.0, "void"), Mark(2.0, NAN, "void")),
    marker="^",
)
CHART = Chart((Panel(Axis("x"), Axis("y"), "title", (MEASURED,)),))


def test_files_are_the_same_for_the_same_chart(tmp_path: Path) -> None:
    text = save(CHART, tmp_path / "a", "f")
    assert text == save(CHART, tmp_path / "b", "f")
    for end in ("png", "svg"):
        one, other = (tmp_path / name / f"f.{end}" for name in ("a", "b"))
        assert one.read_bytes() == other.read_bytes()
    assert (tmp_path / "a" / "f.svg").read_text(encoding="utf-8") == text


def test_void_trials_are_hollow_and_at_the_foot_where_nothing_was_measured() -> None:
    (axis,) = drawn(CHART).axes
    hollow = [one for one in axis.lines if one.get_color() == "none"]
    assert {one.get_markeredgecolor() for one in hollow} == {"#cc4e00"}
    (x, y), (foot_x, foot_y) = ((np.ravel(part) for part in one.get_data()) for one in hollow)
    assert (x.tolist(), y.tolist(), foot_x.tolist()) == ([1.0], [3.0], [2.0])
    assert float(foot_y[0]) < 0.1


def test_an_arrow_upwards_marks_a_lower_bound() -> None:
    marked = replace(MEASURED, marks=(), bounds=np.array([False, True]))
    (axis,) = drawn(Chart((Panel(Axis("x"), Axis("y"), "title", (marked,)),))).axes
    (arrow,) = [one for one in axis.lines if one.get_marker() is ARROW]
    assert [np.ravel(part).tolist() for part in arrow.get_data()] == [[1.0], [4.0]]


def test_an_arrow_downwards_marks_an_upper_bound() -> None:
    marked = replace(MEASURED, marks=(), bounds=np.array([False, True]), at_most=True)
    (axis,) = drawn(Chart((Panel(Axis("x"), Axis("y"), "title", (marked,)),))).axes
    assert [one for one in axis.lines if one.get_marker() is ARROW_DOWN]
    assert not [one for one in axis.lines if one.get_marker() is ARROW]


def test_starved_trials_are_filled_and_limits_are_crosses() -> None:
    marks = (
        Mark(0.0, NAN, "starved"),
        Mark(1.0, NAN, "starved", True),
        Mark(2.0, NAN, "limit reached"),
    )
    marked = replace(MEASURED, marks=marks)
    (axis,) = drawn(Chart((Panel(Axis("x"), Axis("y"), "title", (marked,)),))).axes
    cross, filled = (
        [one for one in axis.lines if one.get_marker() == marker][-1] for marker in ("x", "^")
    )
    assert filled.get_color() == "#cc4e00"
    assert np.ravel(filled.get_xdata()).tolist() == [0.0, 1.0]
    foot, top = np.ravel(filled.get_ydata())
    assert foot < 0.1 < 0.9 < top
    assert np.ravel(cross.get_xdata()).tolist() == [2.0]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "figures").write_text("in the way")
    with pytest.raises(FileExistsError):
        save(CHART, tmp_path / "figures", "f")
