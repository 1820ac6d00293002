"""Medians with intervals as series, and panels of every metric against a setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.arrays import Floats
from analysis.charts.model import BYTES, MICROSECONDS, PLAIN, Axis, Mark, Panel, Series, Unit
from analysis.charts.palette import Style, in_order, run_styles
from analysis.charts.scale import Scale, scale_of
from analysis.outcomes.lower_bounds import UPPER, marked
from analysis.records.run import Run
from analysis.records.words import void
from analysis.statistics.point_medians import with_words
from analysis.wording import server_name
from contract.outcomes import LIMIT_REACHED, STARVED, WORD_OF, Word


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
    needed = ("server", "validity", "measured", "valid", x)
    names = dict.fromkeys((*needed, *(metric.name for metric in offered)))
    trials = trials.loc[trials[x].notna(), list(names)]
    valid, spoiled = trials[trials["valid"]], trials[void(trials)]
    had = [metric for metric in offered if valid[metric.name].notna().any()]
    if not had:
        return []
    points = with_words(run, trials, ("server", x), [one.name for one in had], failures=False)
    scale = scale_of(points[x])
    servers = [
        (points[points["server"] == server], spoiled[spoiled["server"] == server])
        for server in in_order(points["server"])
    ]
    panels = []
    for metric in had:
        every = [of_server(run, mine, gone, metric, x, scale) for mine, gone in servers]
        shown = [one for one in every if len(one.y) or one.marks]
        panels.append(metric.panel(scale.axis(label), shown, pictured.get(metric)))
    return panels


def of_server(
    run: Run, mine: pd.DataFrame, gone: pd.DataFrame, metric: Metric, x: str, scale: Scale
) -> Series:
    """A server's medians against the setting `x`, and the marks of its other trials, of which the
    void ones are `gone`."""
    name, best_is_low = metric.name, metric is not RATE
    without = _without_place(mine, name)
    marks = (
        *marks_of(gone, name, x, scale),
        *_at_edges(mine[mine[LIMIT_REACHED] > 0], "limit reached", x, scale, best_is_low),
        *_at_edges(without, "starved", x, scale, best_is_low),
    )
    server, drawn = str(mine["server"].iloc[0]), mine.drop(index=without.index)
    style = run_styles(run)[server]
    return series(drawn, name, scale.places(drawn[x]), style, server_name(server), marks=marks)


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
        at_most=metric in UPPER,
        marker=style.marker,
        shift_pt=style.shift_pt,
        **more,
    )


def marks_of(
    trials: pd.DataFrame, metric: str, x: str, scale: Scale | None = None
) -> tuple[Mark, ...]:
    """These trials at their places; those that have no value once for each place."""
    at = scale.places(trials[x]) if scale else numbers(trials, x)
    words = trials["validity"].astype(str).map(WORD_OF)
    found = pd.DataFrame({"at": at, "value": numbers(trials, metric), "word": words.to_numpy()})
    return tuple(Mark(*one) for one in found.drop_duplicates().itertuples(index=False, name=None))


def _without_place(points: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The points of starved clients that have no place on every axis: nobody was served, so the
    median is nought, or there is none."""
    values = numbers(points, metric)
    nought = (values == 0) & (metric == RATE.name)
    gone: pd.DataFrame = points[(points[STARVED] > 0) & (nought | np.isnan(values))]
    return gone


def _at_edges(
    points: pd.DataFrame, word: Word, x: str, scale: Scale, at_top: bool
) -> Iterator[Mark]:
    return (Mark(place, np.nan, word, at_top) for place in scale.places(points[x]).tolist())


def numbers(table: pd.DataFrame, name: str) -> Floats:
    """A column as numbers, NaN where it has none."""
    found: Floats = table[name].to_numpy(dtype="float64", na_value=np.nan)
    return found
