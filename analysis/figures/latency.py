"""Percentiles of the response time against active connections."""

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
from analysis.charts.interactive import P999, USUAL, Chart, sweep
from analysis.charts.palette import in_order
from analysis.figures._active import X, chosen, summary
from analysis.figures._idle import void_at
from analysis.wording import count, duration, server_name

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from analysis.records.run import Run

NAME = "latency"
TITLE = "Latency"
QUESTION = "How long does a client wait, usually and when it is unlucky?"
ORDER = 40
CLAIMS: tuple[int, ...] = ()
PERCENTILES = {
    "response_p50_us": "Median",
    "response_p99_us": "99th percentile",
    "response_p999_us": "99.9th percentile",
}
WORST = "response_p999_us"


def table(run: Run) -> pd.DataFrame:
    """Response time percentiles in microseconds by server and active connections."""
    return summary(run, tuple(PERCENTILES))


def draw(run: Run) -> Figure:
    """A panel for each percentile, on one scale."""
    trials, points = chosen(run), table(run)
    figure, axes = panels(PERCENTILES.values())
    looks = run_styles(run)
    for axis, metric in zip(axes, PERCENTILES, strict=True):
        for server in in_order(points["server"]):
            mine = points[points["server"] == server]
            series(axis, mine, X, metric, looks[server], label_of(server))
            hollow(axis, void_at(trials, server), X, metric, looks[server])
        connections_axis(axis, points[X].unique(), "active connections")
        axis.set_yscale("log")
    limits = [edge for axis in axes for edge in axis.get_ylim()]
    for axis in axes:
        axis.set_ylim(min(limits), max(limits))
        value_axis(axis, "response time" if axis is axes[0] else "", duration, log=True)
    legend(figure, axes)
    return figure


def chart(run: Run) -> Chart | None:
    """Every metric against active connections, the tail first."""
    return sweep(run, chosen, X, "active connections", (P999, *USUAL))


def reading(run: Run) -> str:
    """Best and worst tail at the most active connections."""
    points = table(run)
    most = points[X].max()
    last = points[(points[X] == most) & points[WORST].notna()].sort_values(WORST)
    if not len(last):
        return f"No server has a valid trial with {count(most)} active connections."
    best, worst = last.iloc[0], last.iloc[-1]
    text = (
        f"With {count(most)} active connections, one request in a thousand to "
        f"{server_name(worst['server'])} takes {duration(worst[WORST])} or more"
    )
    if len(last) > 1:
        text += f", against {duration(best[WORST])} for {server_name(best['server'])}"
    return (
        f"{text}. The clients wait for each answer before they ask again (closed loop), so "
        "these times are for a server that is always busy."
    )
