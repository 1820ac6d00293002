"""A chart for the reader to explore, as JSON for `templates/charts.js`.

The script draws it with Bokeh, in the reader's browser, when it comes into view; what is written
beside the axes and where a logarithmic one begins are decided here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from analysis.charts.model import Axis, Chart, Line, Panel, Series, Unit
from analysis.charts.palette import VARIABLES

DIGITS = 4
PLACE_DIGITS = 6
LEAST_PHASE = 0.02
"""Share of all phases together: shorter ones are not named."""


def as_json(chart: Chart) -> str:
    """For a script element of the page: nothing in it can end that element. '' where the chart
    offers nothing to choose."""
    choices = list(dict.fromkeys(panel.choice for panel in chart.panels if panel.choice))
    if not choices:
        return ""
    shown = {
        "panels": [
            _panel([panel for panel in chart.panels if panel.choice == choice])
            for choice in choices
        ],
        "phases": _phases(chart),
    }
    text = json.dumps(shown, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _panel(laid_over: Sequence[Panel]) -> dict[str, Any]:
    """Panels of one choice, with the axes of the first."""
    first = laid_over[0]
    lines = dict.fromkeys(line for panel in laid_over for line in panel.lines)
    return {
        "choice": first.choice,
        "log": first.log,
        "x": _axis(first.x),
        "y": _unit(first.y.unit),
        "series": [_series(one) for panel in laid_over for one in panel.series],
        "lines": [_line(line) for line in lines],
        "bands": [_numbers(band) for panel in laid_over for band in panel.bands],
    }


def _axis(axis: Axis) -> dict[str, Any]:
    ticks = [(_number(place, PLACE_DIGITS), text) for place, text in axis.ticks]
    return _unit(axis.unit) | {"label": axis.label, "ticks": ticks}


def _unit(unit: Unit) -> dict[str, Any]:
    return {"steps": unit.steps, "base": unit.base}


def _series(one: Series) -> dict[str, Any]:
    found: dict[str, Any] = {
        "label": one.label,
        "colour": VARIABLES[one.overlaid or one.colour],
        "marker": one.marker,
        "dash": one.dash,
        "x": _numbers(one.x, PLACE_DIGITS),
        "y": _numbers(one.y),
    }
    for name in ("low", "high", "x_low", "x_high"):
        if len(values := getattr(one, name)):
            found[name] = _numbers(values)
    if one.bounds.any():
        found["bounds"] = np.flatnonzero(one.bounds).tolist()
    if one.marks:
        found["marks"] = [
            [_number(mark.at, PLACE_DIGITS), _number(mark.value), mark.word, mark.at_top]
            for mark in one.marks
        ]
    return found | {name: True for name in ("steps", "band", "at_most") if getattr(one, name)}


def _line(line: Line) -> dict[str, Any]:
    return {
        "at": _number(line.at, PLACE_DIGITS),
        "text": " ".join(line.text.split()),
        "upright": line.upright,
        "colour": VARIABLES[line.colour],
        "dash": line.dash,
    }


def _phases(chart: Chart) -> list[tuple[float | None, str]]:
    """Where each begins, and its name."""
    if not chart.phases:
        return []
    least = (chart.phases[-1][1] - chart.phases[0][0]) * LEAST_PHASE
    return [(_number(start), name) for start, end, name in chart.phases if end - start > least]


def _numbers(values: Iterable[float], digits: int = DIGITS) -> list[float | None]:
    return [_number(value, digits) for value in values]


def _number(value: float, digits: int = DIGITS) -> float | None:
    """Rounded to so many significant digits; what is not finite is None."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None
