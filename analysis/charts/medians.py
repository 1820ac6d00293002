"""Medians with intervals as series, and panels of every metric against a setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.arrays import Floats
from analysis.charts.model import BYTES, MICROSECONDS, PLAIN, Axis, Panel, Series, Unit
from analysis.charts.palette import Style, in_order, run_styles
from analysis.charts.scale import Scale, scale_of
from analysis.outcomes.lower_bounds import marked
from analysis.records.run import Run
from analysis.statistics.point_medians import with_void
from analysis.wording import server_name


@dataclass(frozen=True, slots=True)
class Metric:
    """A column that a reader may choose, by its `label`; `quantity` is the shorter one of a picture
    whose panel has a title. `log` as in `Axis`."""

    name: str
    label: str
    quantity: str = ""
    unit: Unit = PLAIN
    log: bool | None = None

    def panel(self, x: Axis, series: Sequence[Series], title: str | None = None) -> Panel:
        """The panel of this metric, in the picture if it has a title there."""
        y = Axis(self.quantity, self.unit, self.log)
        return Panel(
            x, y, title or "", tuple(series), choice=self.label, pictured=title is not None
        )


WAIT = "response time"
RATE = Metric("requests_per_s", "requests per second", "requests per second")
COST = Metric(
    "server_cpu_us_per_request", "server CPU time per request", "CPU time per request", MICROSECONDS
)
MEDIAN = Metric("response_p50_us", f"{WAIT}, median", WAIT, MICROSECONDS, log=True)
P90 = Metric("response_p90_us", f"{WAIT}, 90th percentile", WAIT, MICROSECONDS, log=True)
P99 = Metric("response_p99_us", f"{WAIT}, 99th percentile", WAIT, MICROSECONDS, log=True)
P999 = Metric("response_p999_us", f"{WAIT}, 99.9th percentile", WAIT, MICROSECONDS, log=True)
CONNECT = Metric("connect_p99_us", "time to connect, 99th percentile", "", MICROSECONDS, log=True)
MEMORY = Metric("server_rss_bytes", "resident memory", "", BYTES)
THREADS = Metric("server_threads", "threads of the server")
USUAL = (RATE, COST, MEDIAN, P90, P99, P999, CONNECT, MEMORY, THREADS)


def sweep(
    run: Run,
    trials: pd.DataFrame,
    x: str,
    label: str,
    metrics: Sequence[Metric],
    pictured: Mapping[Metric, str],
) -> list[Panel]:
    """Each of the metrics that was measured against the setting `x`, a series per server; those
    `pictured` have their titles there."""
    offered = [metric for metric in dict.fromkeys((*pictured, *metrics)) if metric.name in trials]
    # The other columns are a hundred, and each would be copied with every choice of rows.
    names = dict.fromkeys(("server", "valid", x, *(metric.name for metric in offered)))
    trials = trials.loc[trials[x].notna(), list(names)]
    valid, void = trials[trials["valid"]], trials[~trials["valid"]]
    had = [metric for metric in offered if valid[metric.name].notna().any()]
    if not had:
        return []
    points = with_void(run, trials, ("server", x), [one.name for one in had], failures=False)
    scale = scale_of(points[x])
    servers = [
        (server, points[points["server"] == server], void[void["server"] == server])
        for server in in_order(points["server"])
    ]
    panels = []
    for metric in had:
        every = [
            series(
                mine,
                metric.name,
                scale.places(mine[x]),
                run_styles(run)[server],
                server_name(server),
                void=void_points(gone, metric.name, x, scale),
            )
            for server, mine, gone in servers
        ]
        shown = [one for one in every if len(one.y) or one.void]
        panels.append(metric.panel(scale.axis(label), shown, pictured.get(metric)))
    return panels


def series(
    table: pd.DataFrame, metric: str, at: Floats, style: Style, label: str, **more: Any
) -> Series:
    """The rows that have a median, at their places, with intervals from _low and _high."""
    values = numbers(table, metric)
    kept = np.isfinite(values)
    low, high = (numbers(table, f"{metric}_{end}")[kept] for end in ("low", "high"))
    return Series(
        *(label, style.colour, at[kept], values[kept], low, high),
        bounds=marked(table, metric)[kept],
        marker=style.marker,
        shift_pt=style.shift_pt,
        **more,
    )


def void_points(
    void: pd.DataFrame, metric: str, x: str, scale: Scale | None = None
) -> tuple[tuple[float, float], ...]:
    """Void trials at their places; those that measured nothing once for each place."""
    at = scale.places(void[x]) if scale else numbers(void, x)
    found = pd.DataFrame({"at": at, "value": numbers(void, metric)}).drop_duplicates()
    return tuple(zip(found["at"].tolist(), found["value"].tolist(), strict=True))


def numbers(table: pd.DataFrame, name: str) -> Floats:
    """A column as numbers, NaN where it has none."""
    found: Floats = table[name].to_numpy(dtype="float64", na_value=np.nan)
    return found
