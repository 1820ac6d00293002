"""Latency over time: each column a second or a trial, darker where more requests fell.

An average over a window hides a stall of a tenth of a second; here it is a gap and
a streak above it. A window that was recorded second by second has a column for
each second; a shorter one is a column by itself.
"""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.arrays import Floats
from analysis.charts.medians import MEDIAN, P99, Metric, numbers
from analysis.charts.model import MICROSECONDS, Axis, Cells, Chart, Line, Panel, Series
from analysis.charts.palette import in_order, run_styles
from analysis.figures import Figure
from analysis.outcomes.lower_bounds import END, marked
from analysis.records import details
from analysis.records.run import Run, remembered
from analysis.selection.trials import at, nothing_idle
from analysis.statistics.outliers import THRESHOLD, modified_z
from analysis.wording import at_least, count, duration, listed, number, server_name

PER_DECADE = 10
EDGES = np.logspace(0, 8, 8 * PER_DECADE + 1)
"""1 us to 100 s, in microseconds."""
SHADES = np.array([0.12, 0.25, 0.42, 0.62, 0.82, 1.0])
"""Of a column's requests: below 1 in 10,000, 1,000, 100, 30, 10, and more."""
STEPS = (1e-4, 1e-3, 1e-2, 1 / 30, 1e-1)
LONGEST = Metric("response_max_us", "response time, longest", "", MICROSECONDS, log=True)
HEIGHT_IN = 3.3
MOST_SERVERS, MOST_COLUMNS = 4, 60
BURST = 2.0
"""A worst stretch this much longer than the usual one is a burst."""


class Column(NamedTuple):
    """A stretch of time: from the opening of its window to its end in seconds, the requests by
    bin of EDGES, whether a trial begins with it, and whether ages of what had no answer are among
    them, as in the last of a trial. One in which nobody was answered is empty: a gap."""

    trial: str
    block: int
    from_s: float
    to_s: float
    bins: Floats
    first: bool
    bounded: bool


@remembered
def chosen(run: Run) -> pd.DataFrame:
    """The valid keep-alive trials with nothing idle that left histograms, at the number of
    active connections that most servers were asked for (the largest such), of the servers with
    the longest tails."""
    trials = at(details.among(run, nothing_idle(run)), valid=True)
    if not len(trials):
        return trials
    # Were those that failed not counted, the figure would go where nobody did.
    every = nothing_idle(run)
    every = every[every["active_connections"].isin(trials["active_connections"])]
    servers = every.groupby("active_connections")["server"].nunique()
    most = servers[servers == servers.max()].index.max()
    picked = at(trials, active_connections=most)
    tails = picked.groupby("server", observed=True)["response_p999_us"].median()
    longest = tails.sort_values(ascending=False, kind="stable").index[:MOST_SERVERS]
    return picked[picked["server"].isin(longest)].sort_values("position")


def candidates(run: Run) -> pd.DataFrame:
    """All trials at that number of active connections."""
    trials = chosen(run)
    return at(nothing_idle(run), active_connections=_active(run)) if len(trials) else trials


def _active(run: Run) -> int:
    return int(chosen(run)["active_connections"].iloc[0])


def table(run: Run) -> pd.DataFrame:
    """Percentiles of each stretch of time, in the order of the run."""
    rows = []
    for server, columns in _columns(run).items():
        for one in columns:
            total = np.cumsum(one.bins)
            ends = [np.nan] * 3
            if total[-1]:
                places = [int(np.searchsorted(total, share * total[-1])) for share in (0.5, 0.99)]
                ends = [float(EDGES[n + 1]) for n in (*places, np.flatnonzero(one.bins)[-1])]
            rows.append(
                {"server": server, "block": one.block, "from_s": one.from_s,
                 "window_s": one.to_s - one.from_s, "requests": int(total[-1]),
                 "response_p50_us": ends[0], "response_p99_us": ends[1],
                 "response_max_us": ends[2], f"response_max_us{END}": one.bounded}
            )  # fmt: skip
    return pd.DataFrame(rows)


def chart(run: Run) -> Chart:
    """A panel for each server, whose lines part the trials; on the page the middle and the tail of
    each stretch, over the same time."""
    found, points, styles = _columns(run), table(run), run_styles(run)
    used = np.sum([one.bins for columns in found.values() for one in columns], axis=0)
    bins = np.flatnonzero(used)
    waits = Axis(
        "response time",
        MICROSECONDS,
        log=True,
        low=float(EDGES[bins[0]]) / 1.2,
        high=float(EDGES[bins[-1] + 1]) * 1.2,
    )
    panels = [
        _panel(columns, waits, server_name(server), styles[server].colour)
        for server, columns in found.items()
    ]
    for metric in (P99, MEDIAN, LONGEST):
        series = []
        for server, mine in points.groupby("server", sort=False):
            middles = mine["window_s"].cumsum() - mine["window_s"] / 2
            style = styles[str(server)]
            series.append(
                Series(
                    *(server_name(str(server)), style.colour, middles.to_numpy()),
                    numbers(mine, metric.name),
                    bounds=marked(mine, metric.name),
                    marker=style.marker,
                )
            )
        panels.append(metric.panel(Axis("seconds measured, trial by trial"), series))
    return Chart(tuple(panels), height_in=HEIGHT_IN)


def reading(run: Run) -> str:
    """Which server's worst stretch stands out most from its usual one."""
    points = table(run)
    tails = points.groupby("server", sort=False)["response_p99_us"].agg(["median", "max", "count"])
    tails["factor"] = tails["max"] / tails["median"]
    server = str(tails["factor"].astype(float).idxmax())
    middle, worst, factor = (float(tails[name][server]) for name in ("median", "max", "factor"))
    stretches, gaps = count(float(tails["count"][server])), _gaps(points)
    text = (
        f"With {count(_active(run))} active connections, the 99th percentile of "
        f"{server_name(server)} is about {duration(middle)} in a usual stretch of time"
    )
    mine = np.log(points.loc[points["server"] == server, "response_p99_us"].dropna().to_numpy())
    # The worst of so many is long by chance: it has to stand apart from them as well.
    apart = modified_z(mine - np.median(mine)).max() > THRESHOLD
    if factor > BURST and apart:
        return (
            f"{text} and {duration(worst)} in the worst of {stretches}, "
            f"{number(factor)} times as long: its waits come in bursts.{gaps}"
        )
    if points.loc[points["server"] == server, f"response_max_us{END}"].any():
        # What had no answer as the window closed may have waited for longer.
        return f"{text}, and {at_least(duration(worst))} in the worst of {stretches}.{gaps}"
    text += f" and at most {duration(worst)} in any of {stretches}"
    if gaps or points[f"response_max_us{END}"].any():
        return f"{text}.{gaps}"
    if len(tails) == 1:
        return f"{text}."
    return f"{text}: the waits are spread evenly, and those of the others still more so."


def _gaps(points: pd.DataFrame) -> str:
    """The stretches in which nobody got an answer, and which have no percentile; '' without any."""
    empty = points.loc[points["requests"] == 0, "server"].value_counts()
    texts = [f"{server_name(str(server))} in {n:,}" for server, n in empty.items() if n]
    return f" In some stretches nobody got an answer at all: {listed(texts)}." if texts else ""


@remembered
def _columns(run: Run) -> dict[str, list[Column]]:
    trials = chosen(run)
    found: dict[str, list[Column]] = {}
    for server in in_order(trials["server"]):
        mine = at(trials, server=server)
        columns = (
            column
            for name, block in zip(mine["trial"], mine["block"], strict=True)
            for column in _of_trial(run, str(name), int(block))
        )
        shown = list(islice(columns, MOST_COLUMNS))
        if len(shown) > 1:
            found[server] = shown
    return found


def _of_trial(run: Run, trial: str, block: int) -> list[Column]:
    """A column per recorded second; one for all of them where no counts were kept."""
    seconds, ages = details.seconds(run, trial), details.ages(run, trial)
    if len(seconds) > 1 and any(found.get_total_count() for _, found in seconds):
        columns = [
            Column(trial, block, row.from_s, row.to_s, _bins(*details.spread(found)), False, False)
            for row, found in seconds
        ]
        columns[0] = columns[0]._replace(first=True)
        if ages is not None:  # no second has what was never answered
            bins = columns[-1].bins + _bins(*ages)
            columns[-1] = columns[-1]._replace(bins=bins, bounded=True)
        return columns
    whole, window = details.counts(run, trial), details.details(run, trial).window
    if whole is None or window is None:
        return []
    return [Column(trial, block, 0.0, window.window_s, _bins(*whole), True, ages is not None)]


def _bins(us: Floats, many: Floats) -> Floats:
    found, _ = np.histogram(us.clip(EDGES[0], EDGES[-1]), EDGES, weights=many)
    return found.astype("float64")


def _panel(columns: list[Column], waits: Axis, title: str, colour: str) -> Panel:
    edges_s = np.cumsum([0.0, *(one.to_s - one.from_s for one in columns)])
    bins = np.array([one.bins for one in columns])
    steps = np.searchsorted(STEPS, bins / bins.sum(axis=1, keepdims=True).clip(1))
    return Panel(
        Axis("seconds measured", low=0, high=float(edges_s[-1])),
        waits,
        title,
        lines=tuple(
            Line(float(start_s), dash="solid")
            for one, start_s in zip(columns[1:], edges_s[1:], strict=False)
            if one.first
        ),
        cells=Cells(colour, edges_s, EDGES, np.where(bins > 0, SHADES[steps], 0.0)),
    )


FIGURE = Figure(
    name="heat_map",
    title="Latency over time",
    question="Are waits spread evenly over time, or do they come in bursts?",
    order=46,
    chosen=chosen,
    table=table,
    chart=chart,
    reading=reading,
    candidates=candidates,
)
