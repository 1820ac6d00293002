"""Throughput and CPU per request against active connections."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.charts import medians
from analysis.charts.medians import USUAL, sweep
from analysis.charts.model import Chart
from analysis.figures import Figure
from analysis.outcomes.lower_bounds import figure_of, time_of
from analysis.records.run import Run, remembered
from analysis.selection.sweeps import ACTIVE, active_sweep
from analysis.selection.trials import at
from analysis.statistics.extremes import apart_in_words, between_servers
from analysis.statistics.point_medians import with_words
from analysis.wording import count, number, server_name

RATE, COST = "requests_per_s", "server_cpu_us_per_request"


@remembered
def table(run: Run) -> pd.DataFrame:
    """Requests per second and CPU microseconds per request by server and active connections."""
    return with_words(run, active_sweep(run), ("server", ACTIVE), (RATE, COST))


def chart(run: Run) -> Chart:
    """Throughput and CPU time per request against active connections; on the page every metric."""
    pictured = {medians.RATE: "Throughput", medians.COST: "Server CPU time per request"}
    return Chart(
        tuple(sweep(run, active_sweep(run), ACTIVE, "active connections", USUAL, pictured))
    )


def reading(run: Run) -> str:
    """Fastest and slowest at the most active connections, how far they are apart beyond chance, and
    who was the bottleneck."""
    points, trials = table(run), active_sweep(run)
    most = points[ACTIVE].max()
    last = points[(points[ACTIVE] == most) & points[RATE].notna()].sort_values(RATE)
    if not len(last):
        return f"No server has a figure with {count(most)} active connections."
    fast, slow = last.iloc[-1], last.iloc[0]
    text = (
        f"With {count(most)} active connections {server_name(fast['server'])} answers "
        f"{figure_of(fast, RATE, number)} requests a second"
    )
    if len(last) > 1:
        apart = between_servers(at(trials, valid=True, **{ACTIVE: most}), RATE)
        told = np.isfinite(apart.value) and slow[RATE] > 0  # nothing is a multiple of nought
        between = apart_in_words(apart, last, RATE) if told else ""
        times = f", {between} apart" if between else ""
        text += (
            f" and {server_name(slow['server'])} {figure_of(slow, RATE, number)}{times} "
            f"({time_of(slow, COST)} of CPU per request against {time_of(fast, COST)})"
        )
    bounded = int((trials["validity"] == "generator_bound").sum())
    total = int(trials["measured"].sum())
    if not total:
        return f"{text}."
    return f"{text}. " + (
        f"In {bounded} of {total} trials the load generator was the bottleneck: there equal rates "
        "do not mean equal servers, and CPU time per request tells them apart."
        if bounded
        else "The load generator was the bottleneck in none of these trials."
    )


FIGURE = Figure(
    name="concurrency",
    title="Concurrency",
    question="How do the servers stand up to many connections that all talk?",
    order=30,
    claims=(6,),
    chosen=active_sweep,
    table=table,
    chart=chart,
    reading=reading,
)
