"""The picture of a chart: a matplotlib figure, saved as PNG and SVG."""

from __future__ import annotations

import io
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from analysis.charts.axes import x_axis, y_axis
from analysis.charts.model import Chart, Panel
from analysis.charts.palette import GRID, INK, MUTED, PAPER
from analysis.charts.panels import draw, note
from contract.literal import visible

WIDTH_IN, BESIDE_IN = 8.6, 0.9
"""Width of a figure, and of what stands beside each of its panels."""
BELOW_IN = 0.6
"""What stands below stacked panels."""
LEGEND_COLUMNS, LEGEND_ROWS, ROW_IN = 5, 2, 0.2
"""Each further row of a legend makes the figure higher, and not the panels lower."""
PHASES_IN, NAMED_FROM = 0.6, 0.08
"""The strip of phases, and the share of its width from which one has room for its name."""
PNG_DPI = 144
TITLE: Any = {"fontsize": 10.5, "pad": 8.0}
STACKED_TITLE: Any = {"fontsize": 9.0, "pad": 4.0}
TAG = re.compile(r"<[^<>]*>")
FONTS = re.compile(r"'DejaVu Sans'(, [a-zA-Z' -]+)*")
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
RC: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titley": 1.0,
    "axes.facecolor": PAPER,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "xtick.major.size": 0,
    "ytick.color": MUTED,
    "ytick.major.size": 0,
    "text.color": INK,
    # A path with two dollars is no formula.
    "text.parse_math": False,
    "figure.facecolor": PAPER,
    "legend.frameon": False,
    "legend.columnspacing": 1.6,
    "legend.handletextpad": 0.5,
    "svg.fonttype": "none",
}


def save(chart: Chart, folder: Path, name: str) -> str:
    """Write NAME.png and NAME.svg into `folder`; returns the SVG's text.

    The files are the same for the same chart: ids are salted with the name, and no date is
    written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with rc_context(RC | {"svg.hashsalt": f"c10k-lab {name}"}):
        figure = drawn(chart)
        figure.savefig(
            folder / f"{name}.png",
            dpi=PNG_DPI,
            metadata={"Software": None},
            pil_kwargs={"compress_level": 1},
        )
        FigureCanvasSVG(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = TAG.sub(lambda tag: FONTS.sub(FONT, tag[0]), buffer.getvalue())
    (folder / f"{name}.svg").write_text(text, encoding="utf-8")
    return text


def drawn(chart: Chart) -> Figure:
    """The figure, with each panel at its place."""
    with rc_context(RC):
        figure = Figure(layout="constrained", dpi=PNG_DPI)
        axes, columns = _grid(figure, chart)
        panels = list(zip(axes, chart.pictured, strict=True))
        title = STACKED_TITLE if chart.stacked else TITLE
        for axis, panel in panels:
            draw(axis, panel)
            axis.set_title(visible(panel.title), **title)
        for axis, panel in panels if chart.stacked else _shared(panels):
            y_axis(axis, panel, chart.height_in)
        for axis, panel in panels[-1:] if chart.stacked else panels:
            x_axis(axis, panel.x, WIDTH_IN / columns - BESIDE_IN)
        for axis, panel in panels:
            for line in panel.lines:
                note(axis, line)
        _legend(figure, axes)
        _arrange(figure)
    return figure


def _grid(figure: Figure, chart: Chart) -> tuple[list[Axes], int]:
    """The axes of the panels, and in how many columns they stand."""
    many = len(chart.pictured)
    if not chart.stacked:
        figure.set_size_inches(WIDTH_IN, chart.height_in)
        return list(np.ravel(figure.subplots(1, many, squeeze=False))), many
    strip = [PHASES_IN] if chart.phases else []
    heights = [*strip, *[chart.height_in] * many]
    figure.set_size_inches(WIDTH_IN, sum(heights) + BELOW_IN)
    grid = figure.subplots(len(heights), 1, squeeze=False, sharex=True, height_ratios=heights)
    axes: list[Axes] = list(grid[:, 0])
    if chart.phases:
        _phases(axes.pop(0), chart)
    return axes, 1


def _shared(panels: list[tuple[Axes, Panel]]) -> list[tuple[Axes, Panel]]:
    """Let panels of one quantity have one y axis, labelled once; returns those that keep theirs."""
    owners: list[tuple[Axes, Panel]] = []
    for axis, panel in panels:
        same = [one for one, other in owners if panel.y == other.y]
        if same and (panel.y.label or panel.bars):
            axis.sharey(same[0])
            axis.tick_params(labelleft=False)
            axis.grid(visible=not panel.bars, axis="y")
        else:
            owners.append((axis, panel))
    return owners


def _phases(axis: Axes, chart: Chart) -> None:
    axis.set_title(visible(chart.title), **TITLE)
    whole = chart.phases[-1][1] - chart.phases[0][0]
    for start, end, name in chart.phases:
        axis.barh(0, end - start, left=start, color=GRID, edgecolor=PAPER)
        if end - start > NAMED_FROM * whole:
            middle = (start + end) / 2
            axis.text(middle, 0, visible(name), ha="center", va="center", fontsize=8.5)
    axis.set_yticks([])
    axis.grid(visible=False)
    axis.spines["left"].set_visible(False)


def _legend(figure: Figure, axes: list[Axes]) -> None:
    """One legend for all panels, above them, each label once, in as many columns as fit."""
    entries: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    if not entries:
        return
    rows = math.ceil(len(entries) / LEGEND_COLUMNS)
    for columns in range(math.ceil(len(entries) / rows), 0, -1):
        legend = figure.legend(entries.values(), entries, loc="outside upper left", ncols=columns)
        if columns == 1 or legend.get_window_extent().width <= figure.bbox.width:
            break
        legend.remove()
    further = max(0, math.ceil(len(entries) / columns) - LEGEND_ROWS)
    figure.set_figheight(figure.get_figheight() + ROW_IN * further)


def _arrange(figure: Figure) -> None:
    """Find the places of all panels once, for both files."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    figure.set_layout_engine(None)  # "none" would still draw everything twice
