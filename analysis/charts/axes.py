"""Axes of a panel drawn with matplotlib: scales, limits, ticks and their texts."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.axis import Axis as Ticks
from matplotlib.ticker import (
    FixedFormatter,
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    MultipleLocator,
    NullFormatter,
    NullLocator,
)

from analysis.charts.model import Axis, Panel, Unit
from contract.literal import visible

Tick = tuple[float, str]
HEADROOM = 1.05
TICK_IN = 0.65
"""Room for a tick of an axis that has none of its own."""
DIGIT_IN = 0.085
"""Room for a digit of a tick's text."""
MOST_LABELS, SLANT = 12, 60
FINE_BELOW = 300
"""A logarithmic axis that spreads by less has ticks at 1, 2 and 5."""
MOST_TICKS, MOST_LOG_TICKS, LINE_IN = 5, 12, 0.2


def x_axis(panel: Axes, axis: Axis, width_in: float) -> None:
    """Ticks as described, with a text where it has room, or at round numbers."""
    panel.set_xlabel(visible(axis.label))
    panel.set_xlim(axis.low, axis.high)
    if not axis.ticks:
        most = max(2, int(width_in / TICK_IN))
        panel.xaxis.set_major_locator(MaxNLocator(most, steps=[1, 2, 5, 10]))
        _texts(panel.xaxis, axis.unit)
    elif axis.slanted:
        shown = axis.ticks[:: -(-len(axis.ticks) // MOST_LABELS)]
        _fixed(panel.xaxis, shown)
        panel.tick_params(axis="x", labelsize=7.5, labelrotation=SLANT)
        for text in panel.get_xticklabels():
            text.set_horizontalalignment("right")
    else:
        ends = panel.get_xlim() if axis.low is not None else (axis.ticks[0][0], axis.ticks[-1][0])
        _fixed(panel.xaxis, roomy(axis.ticks, width_in / ((ends[1] - ends[0]) or 1.0)))


def y_axis(panel: Axes, described: Panel, height_in: float) -> None:
    """From zero, or logarithmic; once everything that belongs to it has been drawn."""
    axis = described.y
    panel.set_ylabel(visible(axis.label))
    if described.bars:
        panel.set_ylim(len(described.bars) - 0.5, -0.5)
        _fixed(panel.yaxis, [(row, bar.label) for row, bar in enumerate(described.bars)])
        panel.grid(visible=False, axis="y")
        return
    # Nothing measured has no logarithm.
    log = described.log and (axis.low is not None or panel.dataLim.y1 > 0)
    if log:
        panel.set_yscale("log")
    if axis.low is not None:
        panel.set_ylim(axis.low, axis.high)
    elif not log:
        panel.set_ylim(0, max(panel.get_ylim()[1], HEADROOM * panel.dataLim.y1))
    if axis.ticks:
        _fixed(panel.yaxis, axis.ticks)
        return
    low, high = panel.get_ylim()
    if log:
        fine = axis.unit.base == 10 and high / low < FINE_BELOW
        subs = (1.0, 2.0, 5.0) if fine else (1.0,)
        most = max(3, min(MOST_LOG_TICKS, int(height_in / LINE_IN)))
        panel.yaxis.set_major_locator(LogLocator(axis.unit.base, subs, numticks=most))
    elif axis.unit.base != 10 and high > 0:
        power = math.ceil(math.log(high / MOST_TICKS, axis.unit.base))
        panel.yaxis.set_major_locator(MultipleLocator(axis.unit.base**power))
    _texts(panel.yaxis, axis.unit)


def roomy(ticks: Sequence[Tick], inches: float) -> list[Tick]:
    """The ticks whose texts stand beside each other, where a step of 1 takes so many inches: the
    ends first, then the roundest."""
    ends = (ticks[0], ticks[-1])
    kept: list[Tick] = []
    for tick in sorted(ticks, key=lambda one: (one not in ends, _digits(one[1]))):
        if all(abs(tick[0] - one[0]) * inches > _room(tick, one) for one in kept):
            kept.append(tick)
    return sorted(kept)


def _room(one: Tick, other: Tick) -> float:
    return (len(one[1]) + len(other[1]) + 2) * DIGIT_IN / 2


def _digits(text: str) -> tuple[int, str]:
    """How much there is to read in a number: 1,000 is rounder than 900, and that than 64."""
    digits = text.replace(",", "").rstrip("0")
    return len(digits), digits


def _fixed(axis: Ticks, ticks: Sequence[Tick]) -> None:
    axis.set_major_locator(FixedLocator([place for place, _ in ticks]))
    axis.set_major_formatter(FixedFormatter([visible(text) for _, text in ticks]))
    _no_others(axis)


def _texts(axis: Ticks, unit: Unit) -> None:
    axis.set_major_formatter(FuncFormatter(lambda value, _: visible(unit.text(value))))
    _no_others(axis)


def _no_others(axis: Ticks) -> None:
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
