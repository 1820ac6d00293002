"""Percentiles of the response time against active connections."""

from __future__ import annotations

import pandas as pd

from analysis.charts.medians import MEDIAN, P99, P999, USUAL, sweep
from analysis.charts.model import Chart
from analysis.figures import Figure
from analysis.outcomes.lower_bounds import time_of
from analysis.records.run import Run, remembered
from analysis.selection.sweeps import ACTIVE, active_sweep
from analysis.selection.trials import at
from analysis.statistics.point_medians import with_words
from analysis.wording import count, plural, server_name

PERCENTILES = {MEDIAN: "Median", P99: "99th percentile", P999: "99.9th percentile"}
WORST = P999.name


@remembered
def table(run: Run) -> pd.DataFrame:
    """Response time percentiles in microseconds by server and active connections."""
    return with_words(
        run, active_sweep(run), ("server", ACTIVE), [metric.name for metric in PERCENTILES]
    )


def chart(run: Run) -> Chart:
    """A panel for each percentile, on one scale; on the page every metric."""
    return Chart(
        tuple(sweep(run, active_sweep(run), ACTIVE, "active connections", USUAL, PERCENTILES))
    )


def reading(run: Run) -> str:
    """Best and worst tail at the most active connections."""
    points = table(run)
    most = points[ACTIVE].max()
    last = points[(points[ACTIVE] == most) & points[WORST].notna()].sort_values(WORST)
    if not len(last):
        return f"No server has a figure with {count(most)} active connections."
    best, worst = last.iloc[0], last.iloc[-1]
    text = (
        f"With {count(most)} active connections, one request in a thousand to "
        f"{server_name(worst['server'])} takes {time_of(worst, WORST)} or more"
    )
    if len(last) > 1:
        text += f", against {time_of(best, WORST)} for {server_name(best['server'])}"
    measured = at(active_sweep(run), measured=True, **{ACTIVE: most})
    rested = int((measured["validity"] != "server_bound").sum())
    busy = ""  # whether it was is not known of a trial that starved clients
    if rested:
        of = plural(len(measured), "trial")
        busy = f"; in {rested:,} of {of} the server was not busy all the time"
    elif len(measured) == len(at(active_sweep(run), valid=True, **{ACTIVE: most})):
        busy = ", so these times are for a server that is always busy"
    return f"{text}. The clients wait for each answer before they ask again (closed loop){busy}."


FIGURE = Figure(
    name="latency",
    title="Latency",
    question="How long does a client wait, usually and when it is unlucky?",
    order=40,
    chosen=active_sweep,
    table=table,
    chart=chart,
    reading=reading,
)
