"""Panels, their texts and the legends of every figure keep clear of each other."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox

from analysis.charts.model import PLAIN, Axis, Chart, Panel, Series, Unit
from analysis.charts.picture import drawn
from analysis.figures import all_figures
from analysis.records.run import load
from tests.support import made_up_run as made
from tests.support import planned_data as planned
from tests.support.trial_details import write_details

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axis import Axis as Ticks
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.figure import Figure

    from analysis.records.run import Run

ROUNDING_PX = 1.5
NEAR_PX = 20
REQUESTS = Unit(((1.0, " requests"),))
OF_SETTINGS = ("idle_connections", "cpu_per_request", "memory", "concurrency", "latency", "backlog")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder: Path = tmp_path_factory.mktemp("run")
    trials = made.trials(3)
    write_details(made.write_run(folder, trials), trials)
    return load(folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Of all experiments together."""
    return load(planned.write(tmp_path_factory.mktemp("run") / "all", "all"))


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
    width, height = figure.bbox.size
    found = boxes(figure)
    for box in found:
        assert min(box.x0, box.y0) > -ROUNDING_PX, box
        assert box.x1 < width + ROUNDING_PX, box
        assert box.y1 < height + ROUNDING_PX, box
    for one, other in combinations(found, 2):
        shared = Bbox.intersection(one, other)
        assert shared is None or min(shared.width, shared.height) < ROUNDING_PX, (one, other)


def line(label: str, y: float) -> Series:
    return Series(label, "#0067a8", np.array([0.0, 1.0]), np.array([0.0, y]))


def panel(title: str, *series: Series, label: str = "", unit: Unit = PLAIN) -> Panel:
    return Panel(Axis("x"), Axis(label, unit), title, series)


def test_nothing_is_cut_off_or_covered(run: Run) -> None:
    shown = [figure for figure in all_figures().values() if len(figure.table(run))]
    assert len(shown) >= 12
    for figure in shown:
        check(drawn(figure.chart(run)))


@pytest.mark.parametrize("name", OF_SETTINGS)
def test_texts_of_ticks_stand_beside_each_other(name: str, whole: Run) -> None:
    for axes in drawn(all_figures()[name].chart(whole)).axes:
        found = texts(axes.xaxis)
        assert len(found) > 1
        assert all(one[1] < other[0] for one, other in pairwise(found)), found


def texts(axis: Ticks) -> list[tuple[float, float]]:
    """Where the text of each tick begins and ends, in the order of the axis."""
    boxes = [text.get_window_extent() for text in axis.get_ticklabels() if text.get_text()]
    return sorted((box.x0, box.x1) for box in boxes)


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_wide_ticks_and_labels_get_their_room(columns: int) -> None:
    panels = [
        panel(f"panel {n}", line("line", 1e11 * (n + 1)), label=f"what\nit is {n}", unit=REQUESTS)
        for n in range(columns)
    ]
    figure = drawn(Chart(tuple(panels)))
    check(figure)
    widths = {round(axis.get_position().width, 6) for axis in figure.axes}
    assert len(widths) == 1
    assert widths.pop() > 0.05


@pytest.mark.parametrize(("lines", "letters"), [(26, 20), (7, 40), (3, 9), (1, 90)])
def test_a_legend_has_as_many_columns_as_fit(lines: int, letters: int) -> None:
    names = [(f"{n:02} " + "letters of a long name " * 5)[:letters] for n in range(lines)]
    several = panel("one", *(line(name, n) for n, name in enumerate(names)))
    check(drawn(Chart((several, panel("two")), height_in=6)))


def test_rows_share_the_height_and_the_place_of_their_axes() -> None:
    rows = panel("one"), panel("two", line("line", 1e7)), panel("three")
    figure = drawn(Chart(rows, stacked=True, height_in=0.8))
    check(figure)
    assert len({round(axis.get_position().x0, 6) for axis in figure.axes}) == 1
    assert len({round(axis.get_position().height, 6) for axis in figure.axes}) == 1


def test_panels_of_one_quantity_have_one_scale_and_one_label() -> None:
    left, right = panel("p50", line("a", 3), label="us"), panel("p99", line("a", 90), label="us")
    figure = drawn(Chart((left, right)))
    check(figure)
    one, other = figure.axes
    assert one.get_ylim() == other.get_ylim()
    assert [axis.get_ylabel() for axis in figure.axes] == ["us", ""]
    assert one.get_ylim()[1] >= 90


def test_labels_stand_next_to_the_ticks() -> None:
    ticks = ((0.0, "none"), (1_000_000.0, "a million"))
    x = Axis("seconds", ticks=((0.0, "0"), (1.0, "1")))
    one = Panel(x, Axis("requests", ticks=ticks, low=0, high=1e6))
    figure = drawn(Chart((one,)))
    (axis,) = figure.axes
    renderer = renderer_of(figure)
    below = min(tick.get_window_extent(renderer).y0 for tick in axis.get_xticklabels())
    beside = min(tick.get_window_extent(renderer).x0 for tick in axis.get_yticklabels())
    assert 0 < below - axis.xaxis.label.get_window_extent(renderer).y1 < NEAR_PX
    assert 0 < beside - axis.yaxis.label.get_window_extent(renderer).x1 < NEAR_PX
