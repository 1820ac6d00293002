"""Percentiles of the response time against active connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.charts.medians import MEDIAN, P99, P999, USUAL, sweep
from analysis.charts.model import Chart
from analysis.figures import Figure
from analysis.figures._active import X, chosen, summary
from analysis.selection.trials import at
from analysis.statistics.lower_bounds import time_of
from analysis.wording import count, plural, server_name

if TYPE_CHECKING:
    import pandas as pd

    from analysis.records.run import Run

PERCENTILES = {MEDIAN: "Median", P99: "99th percentile", P999: "99.9th percentile"}
WORST = P999.name


def table(run: Run) -> pd.DataFrame:
    """Response time percentiles in microseconds by server and active connections."""
    return summary(run, tuple(metric.name for metric in PERCENTILES))


def chart(run: Run) -> Chart:
    """A panel for each percentile, on one scale; on the page every metric."""
    return Chart(tuple(sweep(run, chosen(run), X, "active connections", USUAL, PERCENTILES)))


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
        f"{server_name(worst['server'])} takes {time_of(worst, WORST)} or more"
    )
    if len(last) > 1:
        text += f", against {time_of(best, WORST)} for {server_name(best['server'])}"
    valid = at(chosen(run), valid=True, **{X: most})
    rested = int((valid["validity"] != "server_bound").sum())
    busy = (
        f"; in {rested:,} of {plural(len(valid), 'trial')} the server was not busy all the time"
        if rested
        else ", so these times are for a server that is always busy"
    )
    return f"{text}. The clients wait for each answer before they ask again (closed loop){busy}."


FIGURE = Figure(
    name="latency",
    title="Latency",
    question="How long does a client wait, usually and when it is unlucky?",
    order=40,
    chosen=chosen,
    table=table,
    chart=chart,
    reading=reading,
)
