"""Rate against idle connections: the figure that the C10K argument began with."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.charts.drawing import (
    connections_axis,
    hollow,
    label_of,
    legend,
    panels,
    run_styles,
    series,
    value_axis,
)
from analysis.charts.interactive import USUAL, Chart, Line, Metric, curve, intervals, place, sweep
from analysis.charts.palette import INK, KNOWN, PAPER, VARIABLES, in_order
from analysis.charts.ticks import times
from analysis.claims.claim import load_claims
from analysis.figures._idle import RUNS, X, chosen, summary, void_at
from analysis.outcomes.limits_hit import find_walls
from analysis.selection.blocks import by_block
from analysis.selection.trials import at
from analysis.statistics.estimates import estimate, nothing
from analysis.wording import count, listed, number, server_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analysis.records.run import Run

NAME = "idle_connections"
TITLE = "Idle connections"
QUESTION = "What do thousands of silent connections cost the few that talk?"
ORDER = 10
CLAIMS = (2, 3, 8)
METRIC = "requests_per_s"
LOOKING = ("select", "poll")
"""Servers whose every wait looks at all connections."""
SHARE = Metric("relative_ratio", "rate / rate with none idle", "ratio", log=False)


def table(run: Run) -> pd.DataFrame:
    """Requests per second by server and idle connections."""
    return summary(run, (METRIC,))


def draw(run: Run) -> Figure:
    """Measured rates, and each as a share of its own rate with nothing idle,
    beside the published curves treated in the same way."""
    trials, points = chosen(run), table(run)
    figure, (left, right) = panels(["Measured on this machine", "Relative to no idle connections"])
    looks = run_styles(run)
    for server in in_order(points["server"]):
        mine = points[points["server"] == server]
        series(left, mine, X, METRIC, looks[server], label_of(server))
        hollow(left, void_at(trials, server), X, METRIC, looks[server])
        relative = _relative(run, mine)
        if relative is not None:
            series(right, relative, X, METRIC, looks[server], label_of(server))
    ticks = points[X].unique()
    for label, server, shown in _published(float(max(ticks))):
        right.plot(
            [x for x, _ in shown],
            [y for _, y in shown],
            color=KNOWN[server].colour,
            linestyle=(0, (4, 3)),
            linewidth=1.2,
            label=label,
        )
    for axis in (left, right):
        connections_axis(axis, ticks, "idle connections")
    value_axis(left, "requests per second")
    value_axis(right, "rate / rate with none idle", times)
    for wall in find_walls(trials):
        _mark_wall(left, wall.held, wall.server, looks[wall.server].colour)
    legend(figure, [left, right])
    return figure


def chart(run: Run) -> Chart | None:
    """Every metric against idle connections, and the rate as a share of the own rate with
    nothing idle, with the published curves treated in the same way."""
    found = sweep(run, chosen, X, "idle connections", USUAL)
    points = table(run)
    positive = points.loc[points[X] > 0, X]
    if found is None or not len(positive):
        return found
    found.metrics.insert(1, SHARE)
    for line in found.lines:
        relative = _relative(run, points[points["server"] == line.server])
        if relative is not None:
            line.values[SHARE.name] = intervals(relative, METRIC)
    first, most = float(positive.min()), float(positive.max())
    for label, server, shown in _published(most):
        at, values = curve((place(x, first) for x, _ in shown), (y for _, y in shown))
        ink = VARIABLES[KNOWN[server].colour]
        found.lines.append(Line(label, ink, "o", at, {SHARE.name: values}, "dashed", plain=True))
    return found


def reading(run: Run) -> str:
    """Who keeps the rate, who loses it, who stops."""
    points = table(run)
    most = points.loc[points[METRIC].notna(), X].max()
    kept: list[str] = []
    lost: list[str] = []
    looking: list[str] = []
    for server in in_order(points["server"]):
        relative = _relative(run, points[points["server"] == server])
        if relative is None or most not in set(relative[X]):
            continue
        share = float(relative.loc[relative[X] == most, METRIC].iloc[0])
        if np.isfinite(share):
            text = f"{server_name(server)} ({number(share * 100)}%)"
            (kept if share >= 0.5 else looking if server in LOOKING else lost).append(text)
    sentences = []
    if kept:
        sentences.append(
            f"With {count(most)} idle connections, {listed(kept)} kept most of the rate "
            f"that {'it has' if len(kept) == 1 else 'they have'} with none "
            "(in brackets, the share)."
        )
    reason = ", because every wait looks at every connection again"
    for servers, why in ((looking, reason), (lost, "")):
        if servers:
            verb = "falls" if len(servers) == 1 else "fall"
            opening = "" if sentences else f"With {count(most)} idle connections, "
            sentences.append(f"{opening}{listed(servers)} {verb} behind{why}.")
    sentences += [
        f"{server_name(wall.server)} stopped at {count(wall.held)} of {count(wall.asked)} "
        f"connections: {wall.limit}."
        for wall in find_walls(chosen(run))
    ]
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in sentences)


def _relative(run: Run, mine: pd.DataFrame) -> pd.DataFrame | None:
    """Medians and intervals of the ratio to the server's own rate with nothing idle, within blocks:
    over a median that is taken as known they would hold the truth in 85% of cases, not 95%."""
    server = str(mine["server"].iloc[0]) if len(mine) else ""
    by_level = _by_level(run).get(server, {})
    if 0 not in by_level:
        return None
    rows = []
    for level in mine[X]:
        values = by_level.get(int(level))
        found = nothing() if values is None else estimate(values / by_level[0])
        rows.append([found.value, found.low, found.high])
    columns = [METRIC, f"{METRIC}_low", f"{METRIC}_high"]
    return mine.assign(**dict(zip(columns, np.array(rows).T, strict=True)))


@lru_cache(maxsize=RUNS)
def _by_level(run: Run) -> dict[str, dict[int, pd.Series[float]]]:
    """By server and number of idle connections, the rate of each block that has one."""
    trials = chosen(run)[["server", X, "block", "valid", METRIC]]
    trials = trials[trials["valid"] & trials[METRIC].notna()]
    found: dict[str, dict[int, pd.Series[float]]] = {}
    for server, mine in trials.groupby("server", observed=True):
        levels = {int(level): at(mine, **{X: level}) for level in mine[X].unique()}
        found[str(server)] = {level: by_block(rows, METRIC) for level, rows in levels.items()}
    return found


def _published(most: float) -> list[tuple[str, str, list[tuple[float, float]]]]:
    """The curves of the sources of claims 2 and 3: label, server, and points over their own
    first one, as far as `most` connections."""
    claims = load_claims()
    return [
        (
            f"{source.label}, published {claims[number_].year}",
            server,
            [(x, y / source.y[0]) for x, y in zip(source.x, source.y, strict=True) if x <= most],
        )
        for number_, server in ((2, "epoll_level"), (3, "poll"))
        if number_ in claims
        for source in claims[number_].published.curves
    ]


def _mark_wall(axis: Axes, held: float, server: str, colour: str) -> None:
    if not np.isfinite(held):
        return
    axis.axvline(held, color=colour, linewidth=1.2, linestyle=(0, (1, 2)))
    axis.annotate(
        f"{server_name(server)} stops\nat {count(held)} connections",
        (held, 0.05),
        xycoords=("data", "axes fraction"),
        xytext=(-6, 0),
        textcoords="offset points",
        ha="right",
        color=INK,
        fontsize=8.5,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.5},
    )
