"""Drawing shared by all figures: axes, series with intervals, hollow void trials.

Only matplotlib's object interface is used, with no global state, so figures can be
drawn in any order and from any thread.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, NullFormatter, NullLocator
from matplotlib.transforms import ScaledTranslation

from analysis.charts.palette import GRID, INK, MUTED, PAPER, Style, styles
from analysis.charts.ticks import plain, tick_texts, whole
from analysis.wording import server_name

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform

    from analysis.records.run import Run

WIDTH_IN = 8.6
PANEL_IN = 3.5
LOG_FROM = 6
LEGEND_COLUMNS = 5
DIGIT_IN, BESIDE_IN = 0.085, 0.9
"""Room for a digit of a tick, and for what stands beside a panel."""
LETTER_IN, HANDLE_IN, ROW_IN = 0.066, 0.66, 0.2
"""Room for a letter of a legend, for what stands before and between its texts, for a row."""
RC: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    # A fixed place: finding one above the tick labels costs a third of the drawing.
    "axes.titley": 1.0,
    "axes.facecolor": PAPER,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "text.color": INK,
    "figure.facecolor": PAPER,
    "legend.frameon": False,
    "lines.linewidth": 1.9,
    "lines.markersize": 7.2,
}


def panels(titles: Iterable[str], height: float = PANEL_IN) -> tuple[Figure, list[Axes]]:
    """A figure with a panel beside the other for each title."""
    names = list(titles)
    with rc_context(RC):
        figure = Figure(figsize=(WIDTH_IN, height))
        axes = list(np.atleast_1d(np.asarray(figure.subplots(1, len(names)))))
        for axis, name in zip(axes, names, strict=True):
            axis.set_title(name)
            axis.tick_params(length=0, bottom=False, left=False)
    return figure, axes


def stacked(titles: Iterable[str], height: float) -> tuple[Figure, list[Axes]]:
    """A figure with a panel below the other for each title, all with one x axis."""
    names = list(titles)
    with rc_context(RC):
        figure = Figure(figsize=(WIDTH_IN, height * len(names) + 0.6))
        axes = list(np.atleast_1d(np.asarray(figure.subplots(len(names), 1, sharex=True))))
        for axis, name in zip(axes, names, strict=True):
            axis.set_title(name, fontsize=9, pad=4)
            axis.tick_params(length=0, bottom=False, left=False)
    return figure, axes


@lru_cache(maxsize=4)
def run_styles(run: Run) -> dict[str, Style]:
    """The styles of all servers of the run."""
    return styles(str(server) for server in run.trials["server"].unique())


def series(
    axis: Axes, table: pd.DataFrame, x: str, metric: str, style: Style, label: str, dash: str = "-"
) -> None:
    """One server's medians against `x`, with the intervals of `metric`.

    Every server is shifted by a few points of its own, so that lines which would
    hide each other stay visible; the ticks say where the values belong.
    """
    values = table[metric].to_numpy(dtype="float64", na_value=np.nan)
    kept = np.isfinite(values)
    if not kept.any():
        return
    at, y = table[x].to_numpy(dtype="float64")[kept], values[kept]
    low = table[f"{metric}_low"].to_numpy(dtype="float64", na_value=np.nan)[kept]
    high = table[f"{metric}_high"].to_numpy(dtype="float64", na_value=np.nan)[kept]
    below, above = np.nan_to_num(y - low).clip(0), np.nan_to_num(high - y).clip(0)
    bars = axis.errorbar(
        at,
        y,
        yerr=np.vstack([below, above]),
        color=style.colour,
        marker=style.marker,
        linestyle=dash,
        markeredgecolor=PAPER,
        markeredgewidth=0.7,
        elinewidth=1.1,
        capsize=2.5,
        label=label,
    )
    shift = _shifted(axis, style)
    for artist in bars.get_children():
        artist.set_transform(shift)


def _shifted(axis: Axes, style: Style) -> Transform:
    figure = axis.get_figure(root=True)
    if figure is None:
        return axis.transData
    move = ScaledTranslation(style.shift_pt / 72, 0, figure.dpi_scale_trans)
    return axis.transData + move


def hollow(axis: Axes, void: pd.DataFrame, x: str, metric: str, style: Style) -> None:
    """Void trials: hollow, unjoined; at the foot of the panel where nothing was measured."""
    if not len(void):
        return
    at = void[x].to_numpy(dtype="float64")
    y = void[metric].to_numpy(dtype="float64", na_value=np.nan)
    measured = np.isfinite(y) & (y > 0)
    look: Any = {
        "color": "none",
        "marker": style.marker,
        "markeredgecolor": style.colour,
        "markeredgewidth": 1.3,
        "linestyle": "none",
        "zorder": 5,
    }
    if measured.any():
        axis.plot(at[measured], y[measured], **look)
    if not measured.all():
        missing = np.unique(at[~measured])
        foot = np.full(len(missing), 0.035)
        axis.plot(missing, foot, transform=axis.get_xaxis_transform(), **look)


def connections_axis(axis: Axes, values: Iterable[float], label: str) -> None:
    """A logarithmic x axis that has room for zero, with a tick at each value used whose text has
    room: the ends first, then the roundest."""
    ticks = sorted({float(value) for value in values})
    positive = [tick for tick in ticks if tick > 0]
    if positive and (ticks[0] == 0 or positive[-1] / positive[0] > 5):
        axis.set_xscale("symlog", linthresh=positive[0], linscale=1.0)
    axis.xaxis.set_major_locator(FixedLocator(_roomy(axis, ticks)))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(tick_texts(whole))
    axis.set_xlabel(label)


def _roomy(axis: Axes, ticks: Sequence[float]) -> list[float]:
    """The ticks whose texts stand beside each other."""
    places = axis.xaxis.get_transform().transform(np.array(ticks))
    grid = axis.get_subplotspec()
    panel_in = WIDTH_IN / (grid.get_gridspec().ncols if grid else 1) - BESIDE_IN
    inch = (places - places[0]) / ((places[-1] - places[0]) or 1.0) * panel_in
    kept: list[int] = []
    ends = (0, len(ticks) - 1)
    for n in sorted(range(len(ticks)), key=lambda n: (n not in ends, _digits(ticks[n]))):
        half = {m: len(whole(ticks[m])) * DIGIT_IN / 2 for m in (n, *kept)}
        if all(abs(inch[n] - inch[m]) > half[n] + half[m] + DIGIT_IN for m in kept if m != n):
            kept.append(n)
    return [ticks[n] for n in sorted(set(kept))]


def _digits(value: float) -> tuple[int, float]:
    """How much there is to read in a number: 1,000 is rounder than 900, and that than 64."""
    digits = f"{value:.0f}".rstrip("0")
    return len(digits), float(digits or 0)


def value_axis(
    axis: Axes, label: str, text: Callable[[float], str] | None = None, log: bool = False
) -> None:
    """A y axis from zero, or a logarithmic one where values spread by more than
    LOG_FROM (or `log` asks for it); plain numbers either way."""
    low, high = axis.dataLim.intervaly
    axis.set_ylabel(label)
    axis.yaxis.set_major_formatter(tick_texts(text or plain))
    if not log and not (low > 0 and high / low > LOG_FROM):
        axis.set_ylim(bottom=0)
        return
    axis.set_yscale("log")
    low, high = axis.get_ylim()
    subs = (1.0, 2.0, 5.0) if high / low < 300 else (1.0,)
    axis.yaxis.set_major_locator(LogLocator(base=10, subs=subs, numticks=12))
    axis.yaxis.set_major_formatter(tick_texts(text or plain))
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.yaxis.set_minor_locator(NullLocator())


def legend(figure: Figure, axes: Iterable[Axes]) -> None:
    """One legend for all panels, above them, each label once; a long one makes the figure
    higher, and not the panels lower."""
    entries: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    if entries:
        figure.legend(
            list(entries.values()),
            list(entries),
            loc="upper left",
            ncols=(columns := _columns(list(entries))),
            labelcolor=INK,
            frameon=False,
            columnspacing=1.6,
            handletextpad=0.5,
        )
        rows = math.ceil(len(entries) / columns)
        figure.set_figheight(figure.get_figheight() + ROW_IN * max(0, rows - 2))


def _columns(labels: Sequence[str]) -> int:
    """How many columns of a legend fit beside each other; as few as its rows allow."""
    most = math.ceil(len(labels) / math.ceil(len(labels) / LEGEND_COLUMNS))
    for columns in range(most, 1, -1):
        longest = [max(map(len, part)) for part in np.array_split(labels, columns)]
        if sum(longest) * LETTER_IN + columns * HANDLE_IN <= WIDTH_IN:
            return columns
    return 1


def label_of(server: str) -> str:
    """The legend's text for a server."""
    return server_name(server)
