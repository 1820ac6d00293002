"""A chart as plain data, from which a picture and an interactive chart are drawn.

A chart has panels. The picture shows those that are `pictured`, beside or below each other; the
page offers the `choice` of each and shows one at a time, panels of one choice laid over each other.
Places on an x axis with texts of its own are whatever the description says: `analysis.charts.scale`
makes those of settings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from analysis.arrays import Flags, Floats
from analysis.charts.palette import MUTED
from analysis.wording import TIMES
from contract.outcomes import Word

Dash = Literal["solid", "dashed", "dotted"]
NONE: Floats = np.empty(0)
NOWHERE: Flags = np.empty(0, dtype=bool)
LOG_FROM = 6
"""Values that spread by more than this factor have a logarithmic axis."""
DIGITS = 3


@dataclass(frozen=True, slots=True)
class Unit:
    """How values are written: divided by the first of `steps` that they reach, with its name.
    Ticks stand at round numbers of the number system with this `base`."""

    steps: tuple[tuple[float, str], ...] = ((1.0, ""),)
    base: int = 10

    def text(self, value: float) -> str:
        """A value with DIGITS significant digits, as the script of the page writes it."""
        size, name = next((s for s in self.steps if abs(value) >= s[0]), self.steps[-1])
        return f"{float(f'{value / size:.{DIGITS}g}'):,.10g}{name}"


PLAIN = Unit()
MICROSECONDS = Unit(((1e6, " s"), (1e3, " ms"), (1.0, " µs")))
BYTES = Unit(((2.0**30, " GB"), (2.0**20, " MB"), (2.0**10, " KB"), (1.0, " B")), base=2)
SHARE = Unit(((0.01, "%"),))
RATIO = Unit(((1.0, TIMES),))


@dataclass(frozen=True, slots=True)
class Axis:
    """`ticks` are (place, text); without them they are chosen by whoever draws. `log` None is
    logarithmic where values spread by more than LOG_FROM; else values start at zero."""

    label: str = ""
    unit: Unit = PLAIN
    log: bool | None = False
    ticks: tuple[tuple[float, str], ...] = ()
    low: float | None = None
    high: float | None = None
    slanted: bool = False


class Mark(NamedTuple):
    """A trial, or several at one place, beside the line: void, starved or a limit reached. Where
    there is no `value` (NaN) it stands at the foot of the panel, or at its top where less is
    better."""

    at: float
    value: float
    word: Word
    at_top: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Points with their intervals, joined by a line unless `dash` is None.

    Without a `marker` it is a curve. `steps` go on from each point to the next one's place, and
    are `filled` down to the axis or not. Intervals are whiskers, or one `band`. `bounds` says which
    values are lower bounds, upper ones where they are `at_most` so much. `overlaid` is another
    colour, for where it lies over others of its own.
    """

    label: str
    colour: str
    x: Floats
    y: Floats
    low: Floats = field(default_factory=lambda: NONE)
    high: Floats = field(default_factory=lambda: NONE)
    x_low: Floats = field(default_factory=lambda: NONE)
    x_high: Floats = field(default_factory=lambda: NONE)
    bounds: Flags = field(default_factory=lambda: NOWHERE)
    at_most: bool = False
    marks: tuple[Mark, ...] = ()
    marker: str = ""
    dash: Dash | None = "solid"
    steps: bool = False
    filled: bool = False
    band: bool = False
    hollow: bool = False
    size: float = 1.0
    shift_pt: float = 0.0
    overlaid: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line across the panel to read values by: upright at a place of x, or level at a y."""

    at: float
    text: str = ""
    upright: bool = True
    colour: str = MUTED
    dash: Dash = "dotted"


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A heat map: `shades` has for each column and row of the grid between the edges how dark it
    is, from 0 to 1."""

    colour: str
    x_edges: Floats
    y_edges: Floats
    shades: Floats


@dataclass(frozen=True, slots=True)
class Bar:
    """A whole made of `parts`, which lie behind each other along x, the first one darkest."""

    label: str
    colour: str
    parts: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes with what is drawn in it; `bands` are (low, high) of y."""

    x: Axis
    y: Axis
    title: str = ""
    series: tuple[Series, ...] = ()
    lines: tuple[Line, ...] = ()
    bands: tuple[tuple[float, float], ...] = ()
    cells: Cells | None = None
    bars: tuple[Bar, ...] = ()
    choice: str = ""
    pictured: bool = True

    @property
    def log(self) -> bool:
        """Whether its y axis is logarithmic."""
        return self.y.log if self.y.log is not None else wide(self.series)


@dataclass(frozen=True, slots=True)
class Chart:
    """Panels beside each other, or `stacked` over one x axis, each `height_in` inches high in the
    picture. `phases` are named stretches (from, to, name) of that x axis, in a strip with the
    `title`."""

    panels: tuple[Panel, ...]
    stacked: bool = False
    height_in: float = 3.5
    title: str = ""
    phases: tuple[tuple[float, float, str], ...] = ()

    @property
    def pictured(self) -> list[Panel]:
        """The panels of the picture."""
        return [panel for panel in self.panels if panel.pictured]


def wide(series: Iterable[Series]) -> bool:
    """Whether values and ends of intervals are positive, and spread by more than LOG_FROM."""
    parts = [part for one in series for part in (one.y, one.low, one.high)]
    values = np.concatenate([NONE, *parts])
    values = values[np.isfinite(values)]
    return bool(len(values) and values.min() > 0 and values.max() / values.min() > LOG_FROM)
