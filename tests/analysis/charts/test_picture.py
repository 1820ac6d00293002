"""Pictures as files: the same for the same chart, and hollow where a trial was void."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from analysis.charts.model import Axis, Chart, Mark, Panel, Series
from analysis.charts.panels import ARROW, ARROW_DOWN
from analysis.charts.picture import drawn, save
from experiments.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

NAN = float("nan")
WHERE_IT_WRITES = ("MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
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


DRAWS_ONE = """
import sys
from pathlib import Path
from analysis.charts.drawing import drawing
from tests.analysis.charts.test_picture import CHART
if __name__ == "__main__":
    with drawing(Path(sys.argv[1])) as draw:
        draw(CHART, "f")
"""


def test_a_home_that_cannot_be_written_is_not_told(tmp_path: Path) -> None:
    """By root neither: matplotlib puts its caches elsewhere."""
    others = {name: value for name, value in os.environ.items() if name not in WHERE_IT_WRITES}
    done = subprocess.run(  # noqa: S603 - this interpreter, our own text
        [sys.executable, "-c", DRAWS_ONE, str(tmp_path)],
        cwd=ROOT,
        env={**others, "HOME": "/dev/null/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "f.svg").is_file()


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
