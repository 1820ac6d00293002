"""Latency over time: each column a second or a trial, darker where more requests fell.

An average over a window hides a stall of a tenth of a second; here it is a gap and
a streak above it. A window that was recorded second by second has a column for
each second; a shorter one is a column by itself.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.charts.medians import MEDIAN, P99, Metric, numbers
from analysis.charts.model import MICROSECONDS, Axis, Cells, Chart, Line, Panel, Series
from analysis.charts.palette import in_order, run_styles
from analysis.figures import Figure
from analysis.figures._stretches import EDGES, Column, of_trials
from analysis.outcomes.lower_bounds import END, marked
from analysis.records import details
from analysis.records.run import Run, remembered
from analysis.selection.trials import at, nothing_idle
from analysis.statistics.outliers import THRESHOLD, modified_z
from analysis.wording import at_least, count, duration, listed, number, server_name

SHADES = np.array([0.12, 0.25, 0.42, 0.62, 0.82, 1.0])
"""Shades by share of a column's requests: below 1 in 10,000, 1,000, 100, 30, 10, and more."""
STEPS = (1e-4, 1e-3, 1e-2, 1 / 30, 1e-1)
LONGEST = Metric("response_max_us", "response time, longest", "", MICROSECONDS, log=True)
TIMES = (MEDIAN.name, P99.name, LONGEST.name)
HEIGHT_IN = 3.3
MOST_SERVERS, MOST_COLUMNS = 4, 60
BURST = 2.0
"""A worst stretch this much longer than the usual one is a burst."""


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
                 **dict(zip(TIMES, ends, strict=True)),
                 **{f"{name}{END}": one.starved and total[-1] > 0 for name in TIMES[:-1]},
                 f"{TIMES[-1]}{END}": one.bounded or (one.starved and total[-1] > 0)}
            )  # fmt: skip
    found = pd.DataFrame(rows)
    never = [f"{name}{END}" for name in TIMES[:-1] if f"{name}{END}" in found]
    return found.drop(columns=[name for name in never if not found[name].any()])


def chart(run: Run) -> Chart:
    """A panel for each server, whose lines part the trials; on the page the middle and the tail of
    each stretch, over the same time."""
    points, styles = table(run), run_styles(run)
    found = {server: columns[:MOST_COLUMNS] for server, columns in _columns(run).items()}
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
    """Which server's worst stretch stands out most from its usual one, and what there is no room
    for."""
    text, found = _waits(run), _columns(run)
    others = set(candidates(run)["server"]) - set(chosen(run)["server"])
    if others and len(found) == MOST_SERVERS:
        text += f" Shown are the {MOST_SERVERS} servers with the longest tails."
    if max(len(columns) for columns in found.values()) > MOST_COLUMNS:
        text += (
            f" The picture has no room for more than the first {MOST_COLUMNS} stretches of a "
            "server; the table has all."
        )
    return text


def _waits(run: Run) -> str:
    points = table(run)
    tails = points.groupby("server", sort=False)["response_p99_us"].agg(["median", "max", "count"])
    tails["factor"] = tails["max"] / tails["median"]
    server = str(tails["factor"].astype(float).idxmax())
    middle, worst, factor = (float(tails[name][server]) for name in ("median", "max", "factor"))
    stretches, gaps = count(float(tails["count"][server])), _gaps(points)
    # What had no answer as the window closed may have waited for longer, and so may the starved.
    hungry = any(one.starved for one in _columns(run)[server])
    held = hungry or points.loc[points["server"] == server, f"response_max_us{END}"].any()
    usual = at_least(duration(middle)) if hungry else f"about {duration(middle)}"
    longest = at_least(duration(worst)) if held else duration(worst)
    text = (
        f"With {count(_active(run))} active connections, the 99th percentile of "
        f"{server_name(server)} is {usual} in a usual stretch of time"
    )
    mine = np.log(points.loc[points["server"] == server, "response_p99_us"].dropna().to_numpy())
    # The worst of so many is long by chance: it has to stand apart from them as well.
    apart = modified_z(mine - np.median(mine)).max() > THRESHOLD
    if factor > BURST and apart:
        whose = "the waits of those who were served" if hungry else "its waits"
        far = "" if hungry else f", {'at least ' if held else ''}{number(factor)} times as long"
        return (
            f"{text} and {longest} in the worst of {stretches}{far}: {whose} come in bursts.{gaps}"
        )
    if held:
        return f"{text}, and {longest} in the worst of {stretches}.{gaps}"
    text += f" and at most {longest} in any of {stretches}"
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
        columns = of_trials(run, at(trials, server=server))
        if len(columns) > 1 and any(one.bins.any() for one in columns):
            found[server] = columns
    return found


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
