"""Charts to explore: the data behind a picture, for the script of the report.

A chart is plain data: lines over one x, each with a value per metric, so that the
reader can choose the metric, the scale and the servers. `templates/charts.js`
draws it with Bokeh, in the reader's browser, when it comes into view.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.charts.drawing import label_of, run_styles
from analysis.charts.palette import VARIABLES, in_order
from analysis.statistics.point_medians import with_void
from analysis.wording import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

    from analysis.charts.palette import Style
    from analysis.records.run import Run

DIGITS = 4


@dataclass(frozen=True, slots=True)
class Metric:
    """Something to choose for the y axis: a column, its label, its unit (`us`, `bytes`,
    `share`, `ratio`, or '' for plain numbers) and whether it starts on a logarithmic scale."""

    name: str
    label: str
    unit: str = ""
    log: bool = True


RATE = Metric("requests_per_s", "requests per second")
COST = Metric("server_cpu_us_per_request", "server CPU time per request", "us")
MEDIAN = Metric("response_p50_us", "response time, median", "us")
P90 = Metric("response_p90_us", "response time, 90th percentile", "us")
P99 = Metric("response_p99_us", "response time, 99th percentile", "us")
P999 = Metric("response_p999_us", "response time, 99.9th percentile", "us")
CONNECT = Metric("connect_p99_us", "time to connect, 99th percentile", "us")
MEMORY = Metric("server_rss_bytes", "resident memory", "bytes")
THREADS = Metric("server_threads", "threads of the server")
DROPS = Metric("listen_drops", "ListenDrops", log=False)
USUAL = (RATE, COST, MEDIAN, P90, P99, P999, CONNECT, MEMORY, THREADS)


@dataclass(slots=True)
class Line:
    """One line: places on the x axis and, by metric, the values, with lower and upper ends
    where there are any. `hollow` holds void trials, `plain` lines have no markers, `broken`
    ones leave a gap where a value is missing."""

    label: str
    colour: str
    marker: str
    at: list[float]
    values: dict[str, list[list[float | None]]]
    dash: str = "solid"
    plain: bool = False
    broken: bool = False
    server: str = ""
    hollow: dict[str, list[list[float | None]]] = field(default_factory=dict)


@dataclass(slots=True)
class Chart:
    """What the script draws. `ticks` are (place, text); marks are vertical lines."""

    x: str
    ticks: list[tuple[float, str]]
    metrics: list[Metric]
    lines: list[Line]
    marks: list[tuple[float, str]] = field(default_factory=list)

    def as_json(self) -> str:
        """For a script element of the page: nothing in it can end that element."""
        text = json.dumps(
            self, default=_fields, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _fields(part: Chart | Line | Metric) -> dict[str, Any]:
    """By name; asdict() would copy every number."""
    return {one.name: getattr(part, one.name) for one in fields(part)}


def sweep(
    run: Run, choose: Callable[[Run], pd.DataFrame], x: str, label: str, metrics: Sequence[Metric]
) -> Chart | None:
    """Medians with intervals of every metric against the setting `x`, a line per server; of the
    trials that `choose` takes from the run."""
    trials = choose(run)
    shown = trials["valid"] & trials[x].notna()
    offered = [metric for metric in dict.fromkeys(metrics) if metric.name in trials]
    had = [metric for metric in offered if (shown & trials[metric.name].notna()).any()]
    if not had:
        return None
    names = tuple(metric.name for metric in had)
    points = _points(run, choose, x, tuple(sorted(names)))
    where = spread(points[x])
    gone = trials[["server", x, *names]][~trials["valid"] & trials[x].notna()]
    looks = run_styles(run)
    lines = []
    for server in in_order(points["server"]):
        mine = points[points["server"] == server]
        line = line_of(server, looks[server], places(mine[x], where))
        line.values = {name: intervals(mine, name) for name in names}
        void = gone[gone["server"] == server]
        line.hollow = {name: _pairs(void, x, name, where) for name in names}
        lines.append(line)
    return Chart(label, [(where[v], count(v)) for v in sorted(where)], had, lines)


@lru_cache(maxsize=16)
def _points(
    run: Run, choose: Callable[[Run], pd.DataFrame], x: str, names: tuple[str, ...]
) -> pd.DataFrame:
    """Several figures choose the same trials, and show the same of them."""
    trials = choose(run)[["point", "server", x, "valid", *names]]
    return with_void(run, trials[trials[x].notna()], ("server", x), names, failures=False)


def line_of(server: str, style: Style, at: list[float]) -> Line:
    """A line without values yet, in the look of its server."""
    return Line(label_of(server), VARIABLES[style.colour], style.marker, at, {}, server=server)


def spread(values: Iterable[float]) -> dict[float, float]:
    """Where each value stands: logarithmic, with room for zero at the left. Even where
    powers of ten lie between them, a place says which value is meant, not how far it is."""
    known = sorted({float(value) for value in values})
    first = next((value for value in known if value > 0), 1.0)
    return {value: place(value, first) for value in known}


def place(value: float, first: float) -> float:
    """Where a value stands, with the smallest positive one at 1 and zero at 0."""
    return max(0.0, round(math.log10(value / first) + 1, DIGITS)) if value > 0 else 0.0


def places(values: ArrayLike, where: dict[float, float]) -> list[float]:
    """The places of a column's values."""
    return [where[float(value)] for value in np.asarray(values, dtype="float64")]


def intervals(table: pd.DataFrame, name: str) -> list[list[float | None]]:
    """[middle, low, high] of a metric, row by row; None where there is none."""
    ends = [name, f"{name}_low", f"{name}_high"]
    return [numbers(row) for row in table[ends].to_numpy(dtype="float64", na_value=np.nan)]


def numbers(values: Iterable[float]) -> list[float | None]:
    """Rounded to DIGITS significant digits; what is not finite is None."""
    return [float(f"{v:.{DIGITS}g}") if math.isfinite(v) else None for v in values]


def curve(at: Iterable[float], values: Iterable[float]) -> tuple[list[float], Any]:
    """Places and values of a line without intervals."""
    xs = [float(f"{x:.6g}") for x in at]
    return xs, [[value] for value in numbers(values)]


def _pairs(
    void: pd.DataFrame, x: str, name: str, where: dict[float, float]
) -> list[list[float | None]]:
    """Void trials as [place, value]; the value is None where nothing was measured."""
    if not len(void):
        return []
    found = void[[x, name]].drop_duplicates()
    read = found[name].to_numpy(dtype="float64", na_value=np.nan)
    at = places(found[x], where)
    return [[x, y] for x, y in dict.fromkeys(zip(at, numbers(read), strict=True))]
