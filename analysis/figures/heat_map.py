"""Latency over time: each column a second or a trial, darker where more requests fell.

An average over a window hides a stall of a tenth of a second; here it is a gap and
a streak above it. A window that was recorded second by second has a column for
each second; a shorter one is a column by itself.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgba
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator, NullLocator

from analysis.charts.drawing import label_of, panels, run_styles, value_axis
from analysis.charts.interactive import Chart, Metric, line_of, numbers
from analysis.charts.palette import MUTED, in_order
from analysis.figures._idle import RUNS
from analysis.records import details
from analysis.selection.trials import at, nothing_idle
from analysis.statistics.outliers import THRESHOLD, modified_z
from analysis.wording import count, duration, number, server_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analysis.records.details import Floats
    from analysis.records.run import Run

NAME = "heat_map"
TITLE = "Latency over time"
QUESTION = "Are waits spread evenly over time, or do they come in bursts?"
ORDER = 46
CLAIMS: tuple[int, ...] = ()
PER_DECADE = 10
EDGES = np.logspace(0, 8, 8 * PER_DECADE + 1)
"""1 us to 100 s, in microseconds."""
SHADES = (0.12, 0.25, 0.42, 0.62, 0.82, 1.0)
"""Of a column's requests: below 1 in 10,000, 1,000, 100, 30, 10, and more."""
STEPS = (1e-4, 1e-3, 1e-2, 1 / 30, 1e-1)
MOST_SERVERS, MOST_COLUMNS = 4, 60
BURST = 2.0
"""A worst stretch this much longer than the usual one is a burst."""


class Column(NamedTuple):
    """A stretch of time: from the opening of its window to its end in seconds, the requests by
    bin of EDGES, and whether a trial begins with it."""

    trial: str
    block: int
    from_s: float
    to_s: float
    bins: Floats
    first: bool


@lru_cache(maxsize=RUNS)
def chosen(run: Run) -> pd.DataFrame:
    """The valid keep-alive trials with nothing idle that left histograms, at the number of
    active connections that most servers have (the largest such), of the servers with the
    longest tails."""
    trials = at(details.among(run, nothing_idle(run)), valid=True)
    if not len(trials):
        return trials
    servers = trials.groupby("active_connections")["server"].nunique()
    most = servers[servers == servers.max()].index.max()
    picked = at(trials, active_connections=most)
    tails = picked.groupby("server", observed=True)["response_p999_us"].median()
    longest = tails.sort_values(ascending=False, kind="stable").index[:MOST_SERVERS]
    return picked[picked["server"].isin(longest)].sort_values("position")


def table(run: Run) -> pd.DataFrame:
    """Percentiles of each stretch of time, in the order of the run."""
    rows = []
    for server, columns in _columns(run).items():
        for one in columns:
            total = np.cumsum(one.bins)
            ends = [EDGES[1:][np.searchsorted(total, share * total[-1])] for share in (0.5, 0.99)]
            rows.append(
                {"server": server, "block": one.block, "from_s": one.from_s,
                 "window_s": one.to_s - one.from_s, "requests": int(total[-1]),
                 "response_p50_us": ends[0], "response_p99_us": ends[1],
                 "response_max_us": EDGES[np.flatnonzero(one.bins)[-1] + 1]}
            )  # fmt: skip
    return pd.DataFrame(rows)


def draw(run: Run) -> Figure:
    """A panel for each server; thin lines part the trials."""
    found = _columns(run)
    figure, axes = panels([label_of(server) for server in found], height=3.3)
    looks = run_styles(run)
    used = np.sum([one.bins for columns in found.values() for one in columns], axis=0)
    low, high = EDGES[np.flatnonzero(used)[0]], EDGES[np.flatnonzero(used)[-1] + 1]
    for axis, (server, columns) in zip(axes, found.items(), strict=True):
        _panel(axis, columns, looks[server].colour)
        axis.set_yscale("log")
        axis.set_ylim(low / 1.2, high * 1.2)
        value_axis(axis, "response time" if axis is axes[0] else "", duration, log=True)
        axis.set_xlabel("seconds measured")
    return figure


def chart(run: Run) -> Chart | None:
    """The middle and the tail of each stretch, as points over the same time."""
    points, looks = table(run), run_styles(run)
    metrics = [
        Metric("response_p99_us", "response time, 99th percentile", "us"),
        Metric("response_p50_us", "response time, median", "us"),
        Metric("response_max_us", "response time, longest", "us"),
    ]
    lines, longest = [], 0.0
    for server, mine in points.groupby("server", sort=False):
        middles = mine["window_s"].cumsum() - mine["window_s"] / 2
        longest = max(longest, float(mine["window_s"].sum()))
        line = line_of(str(server), looks[str(server)], middles.round(3).tolist())
        line.values = {m.name: [[v] for v in numbers(mine[m.name])] for m in metrics}
        lines.append(line)
    ticks = [(float(v), f"{v:g}") for v in MaxNLocator(8).tick_values(0, longest)]
    return Chart("seconds measured, trial by trial", ticks, metrics, lines)


def reading(run: Run) -> str:
    """Which server's worst stretch stands out most from its usual one."""
    points = table(run)
    tails = points.groupby("server", sort=False)["response_p99_us"].agg(["median", "max", "size"])
    tails["factor"] = tails["max"] / tails["median"]
    server = str(tails["factor"].astype(float).idxmax())
    middle, worst, factor = (float(tails[name][server]) for name in ("median", "max", "factor"))
    stretches = count(float(tails["size"][server]))
    connections = count(chosen(run)["active_connections"].iloc[0])
    text = (
        f"With {connections} active connections, the 99th percentile of {server_name(server)} is "
        f"about {duration(middle)} in a usual stretch of time"
    )
    mine = np.log(points.loc[points["server"] == server, "response_p99_us"].to_numpy())
    # The worst of so many is long by chance: it has to stand apart from them as well.
    apart = modified_z(mine - np.median(mine)).max() > THRESHOLD
    if factor > BURST and apart:
        return (
            f"{text} and {duration(worst)} in the worst of {stretches}, "
            f"{number(factor)} times as long: its waits come in bursts."
        )
    text += f" and at most {duration(worst)} in any of {stretches}"
    if len(tails) == 1:
        return f"{text}."
    return f"{text}: the waits are spread evenly, and those of the others still more so."


@lru_cache(maxsize=RUNS)
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
    seconds = details.seconds(run, trial)
    if len(seconds) > 1:
        spreads = [(row, _bins(*details.spread(found))) for row, found in seconds]
        return [
            Column(trial, block, row.from_s, row.to_s, bins, place == 0)
            for place, (row, bins) in enumerate(spreads)
        ]
    whole, window = details.counts(run, trial), details.details(run, trial).window
    if whole is None or window is None:
        return []
    return [Column(trial, block, 0.0, window.window_s, _bins(*whole), True)]


def _bins(us: Floats, many: Floats) -> Floats:
    found, _ = np.histogram(us.clip(EDGES[0], EDGES[-1]), EDGES, weights=many)
    return found.astype("float64")


def _panel(axis: Axes, columns: list[Column], colour: str) -> None:
    edges_s = np.cumsum([0.0, *(one.to_s - one.from_s for one in columns)])
    for one, start_s in zip(columns[1:], edges_s[1:], strict=False):
        if one.first:
            axis.axvline(start_s, color=MUTED, linewidth=0.7)
    bins = np.array([one.bins for one in columns])
    steps = np.searchsorted(STEPS, bins / bins.sum(axis=1, keepdims=True))
    for step, shade in enumerate(SHADES):
        column, place = np.nonzero((steps == step) & (bins > 0))
        if len(column):
            left, right = edges_s[column], edges_s[column + 1]
            low, high = EDGES[place], EDGES[place + 1]
            corners = [[left, low], [right, low], [right, high], [left, high]]
            # As one shape: thousands would each be drawn, and written, for themselves.
            shape = Path.make_compound_path_from_polys(np.array(corners).transpose(2, 0, 1))
            # No patch: its extent would be sought corner by corner.
            axis.add_artist(PathPatch(shape, facecolor=to_rgba(colour, shade), edgecolor="none"))
    at_s = float(edges_s[-1])
    axis.set_xlim(0, at_s)
    axis.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], integer=True))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.dataLim.update_from_data_y([EDGES[0], EDGES[-1]])
