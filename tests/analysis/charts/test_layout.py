"""Panels, their texts and the legends of every figure keep clear of each other."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox

from analysis.charts.drawing import legend, panels, stacked
from analysis.charts.layout import arrange
from analysis.figures import all_figures
from analysis.records.run import load
from tests.support import made_up_run as made
from tests.support.trial_details import write_details

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.figure import Figure

    from analysis.records.run import Run

ROUNDING_PX = 1.5
NEAR_PX = 20


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder: Path = tmp_path_factory.mktemp("run")
    trials = made.trials(3)
    write_details(made.write_run(folder, trials), trials)
    return load(folder)


def renderer_of(figure: Figure) -> RendererAgg:
    canvas = FigureCanvasAgg(figure)
    return canvas.get_renderer()  # type: ignore[no-untyped-call, no-any-return]


def boxes(figure: Figure) -> list[Bbox]:
    """Of each panel with its ticks and labels, and of each legend, as they are drawn."""
    renderer = renderer_of(figure)
    found = [panel.get_tightbbox(renderer, for_layout_only=True) for panel in figure.axes]
    found += [one.get_window_extent(renderer) for one in figure.legends]
    return [box for box in found if box is not None]


def check(figure: Figure) -> None:
    figure.set_dpi(144)
    arrange(figure)
    width, height = figure.bbox.size
    found = boxes(figure)
    for box in found:
        assert min(box.x0, box.y0) > -ROUNDING_PX, box
        assert box.x1 < width + ROUNDING_PX, box
        assert box.y1 < height + ROUNDING_PX, box
    for one, other in combinations(found, 2):
        shared = Bbox.intersection(one, other)
        assert shared is None or min(shared.width, shared.height) < ROUNDING_PX, (one, other)


def test_nothing_is_cut_off_or_covered(run: Run) -> None:
    drawn = [figure for figure in all_figures().values() if len(figure.table(run))]
    assert len(drawn) >= 12
    for figure in drawn:
        check(figure.draw(run))


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_wide_ticks_and_labels_get_their_room(columns: int) -> None:
    figure, axes = panels([f"panel {n}" for n in range(columns)])
    for axis in axes:
        axis.plot([0, 1], [0, 123_456_789_012], label=f"line {len(axis.lines)}")
        axis.yaxis.set_major_formatter("{x:,.0f} requests")
        axis.set_ylabel("what they are\nin two lines")
        axis.set_xlabel("x")
    legend(figure, axes)
    check(figure)
    widths = {round(axis.get_position().width, 6) for axis in axes}
    assert len(widths) == 1
    assert widths.pop() > 0.05


@pytest.mark.parametrize(("lines", "letters"), [(26, 20), (7, 40), (3, 9), (1, 90)])
def test_a_legend_has_as_many_columns_as_fit(lines: int, letters: int) -> None:
    figure, axes = panels(["one", "two"], height=6)
    for n in range(lines):
        axes[0].plot([0, 1], [0, n], label=f"{n:02} " + "letters of a long name " * 5)
        axes[0].lines[-1].set_label(str(axes[0].lines[-1].get_label())[:letters])
    legend(figure, axes)
    check(figure)


def test_ticks_stay_those_that_were_measured() -> None:
    figure, (axis,) = panels(["one"], height=2.0)
    axis.plot([0, 1], [0, 14.6])
    arrange(figure)
    measured = [list(one.get_majorticklocs()) for one in (axis.xaxis, axis.yaxis)]
    for height in (1.0, 9.0):
        axis.set_position((0.1, 0.1, 0.8, 0.8))
        figure.set_size_inches(2 * height, height)
        assert [list(one.get_majorticklocs()) for one in (axis.xaxis, axis.yaxis)] == measured


def test_rows_share_the_height_and_the_place_of_their_axes() -> None:
    figure, axes = stacked(["one", "two", "three"], 0.8)
    axes[1].plot([0, 1], [0, 10_000_000])
    axes[2].set_xlabel("seconds")
    check(figure)
    assert len({round(axis.get_position().x0, 6) for axis in axes}) == 1
    assert len({round(axis.get_position().height, 6) for axis in axes}) == 1


def test_labels_stand_next_to_the_ticks_wherever_the_panel_goes() -> None:
    figure, (axis,) = panels(["one"])
    axis.plot([0, 1], [0, 1_000_000])
    axis.set_xticks([0, 1])
    axis.set_yticks([0, 1_000_000], ["none", "a million"])
    axis.set_ylabel("requests")
    axis.set_xlabel("seconds")
    arrange(figure)
    renderer = renderer_of(figure)
    below = min(tick.get_window_extent(renderer).y0 for tick in axis.get_xticklabels())
    beside = min(tick.get_window_extent(renderer).x0 for tick in axis.get_yticklabels())
    assert 0 < below - axis.xaxis.label.get_window_extent(renderer).y1 < NEAR_PX
    assert 0 < beside - axis.yaxis.label.get_window_extent(renderer).x1 < NEAR_PX
