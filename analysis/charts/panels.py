"""Panels of a chart drawn with matplotlib, through its object interface: no global state."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import ScaledTranslation

from analysis.arrays import Floats
from analysis.charts.model import Bar, Cells, Line, Panel, Series
from analysis.charts.palette import GRID, INK, MUTED, PAPER
from contract.literal import visible
from contract.outcomes import Word

DASHES: dict[str | None, Any] = {
    "solid": "-",
    "dashed": (0, (4, 3)),
    "dotted": (0, (1, 2)),
    None: "none",
}
CURVE_PT, LINE_PT, THIN_PT = 1.6, 1.2, 0.8
MARKER_PT, CAP_PT = 6.2, 5.0
FOOT = 0.035
"""Share of a panel's height at which marks without a value stand; as far from its top."""
LIMIT = "x"
"""The marker of a limit that was reached."""
FADED = 0.65
"""How much lighter the last part of a bar is than its first."""
NOTE_PT = 8.5
ARROW, ARROW_PT = Path([(0, 0), (0, 1), (-0.25, 0.75), (0, 1), (0.25, 0.75)]), 28.0
"""Upwards from a lower bound."""
ARROW_DOWN = Path([(0, 0), (0, -1), (-0.25, -0.75), (0, -1), (0.25, -0.75)])


def draw(axis: Axes, panel: Panel) -> None:
    """All but the axes themselves."""
    for number, (low, high) in enumerate(panel.bands):
        axis.axhspan(low, high, color=GRID, alpha=0.5, lw=0, zorder=0.5 + number / 1000)
    if panel.cells:
        _cells(axis, panel.cells)
    for row, bar in enumerate(panel.bars):
        _bar(axis, row, bar)
    for one in panel.series:
        (_filled if one.filled else _series)(axis, one)
    for line in panel.lines:
        _line(axis, line)


def note(axis: Axes, line: Line) -> None:
    """The text of a line: beside an upright one on the side with more room, below a level one.
    The limits of the axis have to be known."""
    if not line.text:
        return
    where: dict[str, Any] = {"xy": (0, line.at), "xycoords": ("axes fraction", "data")}
    where |= {"xytext": (3, -12), "ha": "left"}
    if line.upright:
        start, end = axis.get_xlim()
        right = line.at - start < (end - start) / 2
        where = {"xy": (line.at, 0.05), "xycoords": ("data", "axes fraction")}
        where |= {"xytext": (6 if right else -6, 0), "ha": "left" if right else "right"}
    axis.annotate(
        visible(line.text),
        **where,
        textcoords="offset points",
        color=INK,
        fontsize=NOTE_PT,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.5},
    )


def _series(axis: Axes, one: Series) -> None:
    """Every server is shifted by a few points of its own, so that lines which would hide each other
    stay visible; the ticks say where the values belong. An arrow upwards marks a lower bound, one
    downwards an upper one."""
    before = len(axis.lines)
    if one.band:
        axis.fill_between(one.x, one.low, one.high, color=one.colour, alpha=0.16, lw=0)
    else:
        _whiskers(axis, one, one.x, one.low, one.high)
        _whiskers(axis, one, one.y, one.x_low, one.x_high, level=True)
    plain = one.dash == "solid" or one.marker
    axis.plot(
        one.x,
        one.y,
        color="none" if one.hollow else one.colour,
        marker=one.marker or "none",
        markersize=MARKER_PT * one.size,
        markeredgecolor=one.colour if one.hollow else PAPER,
        markeredgewidth=1.3 if one.hollow else 0.7,
        linestyle=DASHES[one.dash],
        linewidth=(CURVE_PT if plain else LINE_PT) * one.size,
        drawstyle="steps-post" if one.steps else "default",
        label=visible(one.label),
    )
    if one.bounds.any():
        axis.plot(
            one.x[one.bounds],
            one.y[one.bounds],
            color=one.colour,
            marker=ARROW_DOWN if one.at_most else ARROW,
            markersize=ARROW_PT,
            markerfacecolor="none",
            linestyle="none",
        )
    for word in dict.fromkeys(mark.word for mark in one.marks):
        _marks(axis, one, word)
    figure = axis.get_figure(root=True)
    if one.shift_pt and figure:
        move = ScaledTranslation(one.shift_pt / 72, 0, figure.dpi_scale_trans)
        for artist in axis.lines[before:]:
            artist.set_transform(artist.get_transform() + move)


def _whiskers(
    axis: Axes, one: Series, at: Floats, low: Floats, high: Floats, level: bool = False
) -> None:
    """All intervals as one path with gaps: hundreds would each be drawn, and written, for
    themselves. They have caps where points are joined."""
    if not len(low):
        return
    ends = np.column_stack([low, high, np.full(len(low), np.nan)]).ravel()
    look: dict[str, Any] = {"color": one.colour, "zorder": 1.9}
    places = np.repeat(at, 3)
    axis.plot(*((ends, places) if level else (places, ends)), linewidth=1.1 * one.size, **look)
    if one.dash:
        look |= {"marker": "|" if level else "_", "markersize": CAP_PT, "linestyle": "none"}
        axis.plot(*((ends, places) if level else (places, ends)), **look)


def _marks(axis: Axes, one: Series, word: Word) -> None:
    """Those of one word, unjoined: void trials hollow, starved ones filled, limits as crosses."""
    look: dict[str, Any] = {
        "color": one.colour if word == "starved" else "none",
        "marker": LIMIT if word == "limit reached" else one.marker,
        "markeredgecolor": one.colour,
        "markeredgewidth": 1.3,
        "linestyle": "none",
        "zorder": 5,
    }
    marks = [mark for mark in one.marks if mark.word == word]
    if valued := [(mark.at, mark.value) for mark in marks if mark.value > 0]:
        axis.plot(*zip(*valued, strict=True), **look)
    edges = {(mark.at, 1 - FOOT if mark.at_top else FOOT) for mark in marks if not mark.value > 0}
    if edges:
        axis.plot(*zip(*sorted(edges), strict=True), transform=axis.get_xaxis_transform(), **look)


def _filled(axis: Axes, one: Series) -> None:
    """Steps down to the axis, whose lower end a logarithmic one never reaches."""
    lowest = np.nanmin(one.y) / 1000
    axis.stairs(np.nan_to_num(one.y[:-1]), one.x, baseline=lowest, fill=True, color=one.colour)


def _line(axis: Axes, line: Line) -> None:
    draw_line = axis.axvline if line.upright else axis.axhline
    draw_line(line.at, color=line.colour, linewidth=THIN_PT, linestyle=DASHES[line.dash])


def _cells(axis: Axes, cells: Cells) -> None:
    """The cells of one shade as one shape: thousands would each be drawn, and written, for
    themselves."""
    for shade in np.unique(cells.shades[cells.shades > 0]):
        column, row = np.nonzero(cells.shades == shade)
        left, right = cells.x_edges[column], cells.x_edges[column + 1]
        low, high = cells.y_edges[row], cells.y_edges[row + 1]
        corners = np.array([[left, low], [right, low], [right, high], [left, high]])
        shape = Path.make_compound_path_from_polys(corners.transpose(2, 0, 1))
        # No patch of the axes: its extent would be sought corner by corner.
        axis.add_artist(
            PathPatch(shape, facecolor=to_rgba(cells.colour, float(shade)), edgecolor="none")
        )


def _bar(axis: Axes, row: int, bar: Bar) -> None:
    """The parts behind each other; dotted, where equal ones would end."""
    ends, last = np.cumsum((0.0, *bar.parts)), max(1, len(bar.parts) - 1)
    for place, part in enumerate(bar.parts):
        axis.barh(
            row,
            part,
            left=ends[place],
            height=0.62,
            color=bar.colour,
            alpha=1.0 - FADED * place / last,
            edgecolor=PAPER,
            linewidth=1.2,
        )
    for n in range(1, len(bar.parts)):
        at = [ends[-1] * n / len(bar.parts)] * 2
        axis.plot(at, [row - 0.4, row + 0.4], color=MUTED, lw=THIN_PT, ls=DASHES["dotted"])
