"""The picture of a comparison: every ratio with its interval, a row per metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from analysis.charts.drawing import panels
from analysis.charts.palette import ALARM, GRID, INK, KNOWN, MUTED, PAPER
from analysis.charts.ticks import tick_texts, times
from analysis.compare.metrics import CANNOT_TELL, CHANGED, FAILURES, METRICS, WITHIN_NOISE
from analysis.wording import plural

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BETTER = KNOWN["epoll_level"].colour
ROW_IN, EDGE_IN = 0.62, 1.25
WIDTH = 0.72
"""Of a row that its figures fill, from the first to the last."""
NARROWEST = 1.25
"""The axis reaches at least this factor to both sides, so that noise looks small."""
WIDEST = 20.0
LOOKS = {"worse": (ALARM, "D"), "better": (BETTER, "o"), WITHIN_NOISE: (MUTED, "o")}


def picture(figures: pd.DataFrame, run: str, base: str) -> Figure:
    """The figures of one pair of runs; those that have no ratio are left out, and what failed
    stands in the table."""
    shown = figures[drawn(figures)]
    metrics = [name for name in METRICS if name in set(shown["metric"])]
    figure, (axis,) = panels([f"{run} beside {base}"], height=EDGE_IN + ROW_IN * len(metrics))
    for row, metric in enumerate(metrics):
        _row(axis, shown[shown["metric"] == metric], len(metrics) - 1 - row)
    axis.axvline(1, color=INK, linewidth=1)
    axis.set_yticks(range(len(metrics)), [METRICS[name].title for name in reversed(metrics)])
    axis.grid(visible=False, axis="y")
    _ratio_axis(axis, shown)
    failing = int(figures["metric"].isin(FAILURES).sum())
    if failing:
        more = f"; {plural(failing, 'figure')} of what failed: in the table"
        axis.set_xlabel(f"{axis.get_xlabel()}{more}")
    figure.legend(
        handles=[
            Line2D([], [], color=colour, marker=marker, linestyle="none", label=label)
            for label, (colour, marker) in LOOKS.items()
        ]
        + [_hollow(CANNOT_TELL)],
        loc="lower left",
        ncols=4,
        labelcolor=INK,
        frameon=False,
    )
    return figure


def drawn(figures: pd.DataFrame) -> pd.Series[bool]:
    """Which figures have a place in the picture."""
    return figures["ratio"].notna() & figures["metric"].isin(METRICS)


def _row(axis: Axes, mine: pd.DataFrame, place: int) -> None:
    y = (
        place + np.linspace(WIDTH / 2, -WIDTH / 2, len(mine))
        if len(mine) > 1
        else np.array([place])
    )
    if place % 2 == 0:
        axis.axhspan(place - 0.5, place + 0.5, color=GRID, alpha=0.35, lw=0)
    ratio, low, high = (mine[name].to_numpy(dtype="float64") for name in ("ratio", "low", "high"))
    word = mine["word"].to_numpy(dtype=object)
    more = np.where(METRICS[str(mine["metric"].iloc[0])].more_is_worse, ratio > 1, ratio < 1)
    for label, (colour, marker) in LOOKS.items():
        changed = (word == CHANGED) & (more == (label == "worse"))
        chosen = word == WITHIN_NOISE if label == WITHIN_NOISE else changed
        _intervals(axis, y[chosen], low[chosen], high[chosen], color=colour, alpha=0.7)
        axis.plot(
            *(ratio[chosen], y[chosen]),
            color=colour,
            marker=marker,
            linestyle="none",
            markersize=4.5 if label == WITHIN_NOISE else 6,
            markeredgecolor=PAPER,
            markeredgewidth=0.5,
        )
    open_ = word == CANNOT_TELL
    bounded = open_ & np.isfinite(low)
    _intervals(axis, y[bounded], low[bounded], high[bounded], color=INK, alpha=1)
    look = _hollow("")
    axis.plot(
        *(ratio[open_], y[open_]),
        marker="o",
        color="none",
        markeredgecolor=look.get_markeredgecolor(),
        markersize=5,
        linestyle="none",
    )


def _intervals(
    axis: Axes, y: Floats, low: Floats, high: Floats, *, color: str, alpha: float
) -> None:
    """A line from each lower to each upper end: as one with gaps, for hundreds of lines would each
    be drawn, and written, for themselves."""
    gap = np.full(len(y), np.nan)
    ends = np.column_stack([low, high, gap]).ravel()
    axis.plot(ends, np.repeat(y, 3), color=color, alpha=alpha, linewidth=0.9, zorder=1.9)


def _hollow(label: str) -> Line2D:
    return Line2D(
        *([], []), marker="o", color="none", markeredgecolor=INK, linestyle="none", label=label
    )


def _ratio_axis(axis: Axes, shown: pd.DataFrame) -> None:
    """Logarithmic around 1, as far as the ratios reach; intervals may be cut off."""
    ratios = shown["ratio"].to_numpy(dtype="float64")
    furthest = float(np.exp(abs(np.log(ratios)).max())) * 1.15 if len(ratios) else NARROWEST
    reach = min(max(furthest, NARROWEST), WIDEST)
    axis.set_xscale("log")
    axis.set_xlim(1 / reach, reach)
    steps = (1.1, 1.2) if reach <= 1.5 else (1.25, 1.5, 2.0) if reach <= 3 else (2.0, 5.0, 10.0)
    ticks = sorted({1.0, *steps, *(1 / step for step in steps)})
    axis.xaxis.set_major_locator(FixedLocator([t for t in ticks if 1 / reach <= t <= reach]))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(tick_texts(times))
    axis.set_xlabel("figure beside the base run's; lines are 95% intervals")
