"""Where the panels of a figure stand: as close together as their texts allow.

The figures here are a row or a column of panels with one legend above or below them, so it is
enough to measure each text once. matplotlib's own engine solves the general case by constraints,
twice over, which takes as long as drawing the picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.ticker import FixedLocator

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.figure import Figure
    from matplotlib.gridspec import SubplotSpec
    from matplotlib.transforms import Bbox
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

EDGE_IN, BESIDE_IN, BELOW_IN = 0.08, 0.14, 0.06


def arrange(figure: Figure) -> None:
    """Give each panel its place, once everything has been drawn into them."""
    canvas = FigureCanvasAgg(figure)
    renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]  # matplotlib gives no types
    grid = _spec(figure.axes[0]).get_gridspec()
    rows, columns = grid.nrows, grid.ncols
    left, right, top, bottom = (np.zeros(n) for n in (columns, columns, rows, rows))
    for panel in figure.axes:
        row, column = _cell(panel)
        inner, outer = panel.bbox, _with_texts(panel, renderer)
        for axis in (panel.xaxis, panel.yaxis):
            # A lower or a higher panel would have others, whose texts nobody has measured.
            axis.set_major_locator(FixedLocator(list(axis.get_majorticklocs())))
        left[column] = max(left[column], inner.x0 - outer.x0)
        right[column] = max(right[column], outer.x1 - inner.x1)
        top[row] = max(top[row], outer.y1 - inner.y1)
        bottom[row] = max(bottom[row], inner.y0 - outer.y0)
    width, height = figure.bbox.size
    edge, beside, gap = (inches * figure.dpi for inches in (EDGE_IN, BESIDE_IN, BELOW_IN))
    above, below = (max(edge, taken + gap) for taken in _legends(figure, renderer))
    x, wide = _placed(edge, width - edge, beside, left, right, np.ones(columns))
    # The rows of a grid are counted from the top.
    ratios = np.asarray(grid.get_height_ratios(), dtype="float64")
    y, high = _placed(below, height - above, gap, bottom[::-1], top[::-1], ratios[::-1])
    for panel in figure.axes:
        row, column = _cell(panel)
        row = rows - 1 - row
        # Labels stay as far away as they were measured: else each drawing measures all ticks.
        under = panel.bbox.y0 - panel.xaxis.label.get_position()[1]
        before = panel.bbox.x0 - panel.yaxis.label.get_position()[0]
        panel.xaxis.set_label_coords(0.5, -under / high[row])
        panel.yaxis.set_label_coords(-before / wide[column], 0.5)
        panel.set_position(
            (x[column] / width, y[row] / height, wide[column] / width, high[row] / height)
        )


def _with_texts(panel: Axes, renderer: RendererAgg) -> Bbox:
    """The box of a panel with its texts, as far as they need room of their own."""
    box = panel.get_tightbbox(renderer, bbox_extra_artists=panel.texts, for_layout_only=True)
    return panel.bbox.frozen() if box is None else box


def _placed(
    start: float, end: float, gap: float, before: Floats, after: Floats, ratios: Floats
) -> tuple[Floats, Floats]:
    """Starts and lengths of panels between two ends, each with its room before and after it."""
    free = end - start - before.sum() - after.sum() - gap * (len(ratios) - 1)
    lengths = free * ratios / ratios.sum()
    taken = before + lengths + after + gap
    return start + np.cumsum(taken) - taken + before, lengths


def _legends(figure: Figure, renderer: RendererAgg) -> tuple[float, float]:
    """How much of a figure's height its legends take, from the top and from the bottom."""
    height = figure.bbox.height
    boxes = [legend.get_window_extent(renderer) for legend in figure.legends]
    above = [height - box.y0 for box in boxes if box.y0 > height / 2]
    below = [box.y1 for box in boxes if box.y0 <= height / 2]
    return max(above, default=0.0), max(below, default=0.0)


def _cell(panel: Axes) -> tuple[int, int]:
    spec = _spec(panel)
    return spec.rowspan.start, spec.colspan.start


def _spec(panel: Axes) -> SubplotSpec:
    spec = panel.get_subplotspec()
    if spec is None:
        raise ValueError("a panel that stands in no grid")
    return spec
