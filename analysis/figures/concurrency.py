"""Throughput and CPU per request against active connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from analysis.charts.interactive import USUAL, Chart, sweep
from analysis.charts.palette import in_order
from analysis.figures._active import X, chosen, summary
from analysis.figures._idle import void_at
from analysis.wording import count, duration, number, server_name

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from analysis.records.run import Run

NAME = "concurrency"
TITLE = "Concurrency"
QUESTION = "How do the servers stand up to many connections that all talk?"
ORDER = 30
CLAIMS = (6,)
RATE, COST = "requests_per_s", "server_cpu_us_per_request"


def table(run: Run) -> pd.DataFrame:
    """Requests per second and CPU microseconds per request by server and active connections."""
    return summary(run, (RATE, COST))


def draw(run: Run) -> Figure:
    """Throughput on the left, CPU time per request on the right."""
    trials, points = chosen(run), table(run)
    figure, axes = panels(["Throughput", "Server CPU time per request"])
    looks = run_styles(run)
    for axis, metric in zip(axes, (RATE, COST), strict=True):
        for server in in_order(points["server"]):
            mine = points[points["server"] == server]
            series(axis, mine, X, metric, looks[server], label_of(server))
            hollow(axis, void_at(trials, server), X, metric, looks[server])
        connections_axis(axis, points[X].unique(), "active connections")
    value_axis(axes[0], "requests per second")
    value_axis(axes[1], "CPU time per request", duration)
    legend(figure, axes)
    return figure


def chart(run: Run) -> Chart | None:
    """Every metric against active connections."""
    return sweep(run, chosen, X, "active connections", USUAL)


def reading(run: Run) -> str:
    """Fastest and slowest at the most active connections, and who was the bottleneck."""
    points, trials = table(run), chosen(run)
    most = points[X].max()
    last = points[(points[X] == most) & points[RATE].notna()].sort_values(RATE)
    if not len(last):
        return f"No server has a valid trial with {count(most)} active connections."
    fast, slow = last.iloc[-1], last.iloc[0]
    text = (
        f"With {count(most)} active connections {server_name(fast['server'])} answers "
        f"{number(fast[RATE])} requests a second"
    )
    if len(last) > 1:
        text += (
            f" and {server_name(slow['server'])}, the slowest, {number(slow[RATE])} "
            f"({duration(slow[COST])} of CPU per request against {duration(fast[COST])})"
        )
    bounded = int((trials["validity"] == "generator_bound").sum())
    total = int(trials["valid"].sum())
    return f"{text}. " + (
        f"In {bounded} of {total} trials the load generator was the bottleneck: there equal rates "
        "do not mean equal servers, and CPU time per request tells them apart."
        if bounded
        else "The load generator was the bottleneck in none of these trials."
    )
