"""Server CPU time per request against idle connections."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.charts.medians import COST, USUAL, sweep
from analysis.charts.model import Chart
from analysis.figures import Figure
from analysis.outcomes.lower_bounds import time_of
from analysis.records.run import Run, remembered
from analysis.selection.sweeps import ACTIVE, IDLE, idle_sweep
from analysis.selection.trials import at
from analysis.statistics.extremes import apart_in_words, between_servers
from analysis.statistics.point_medians import with_words
from analysis.wording import count, listed, server_name

METRIC = "server_cpu_us_per_request"


@remembered
def table(run: Run) -> pd.DataFrame:
    """CPU microseconds per request by server and idle connections."""
    return with_words(run, idle_sweep(run), ("server", ACTIVE, IDLE), (METRIC,))


def chart(run: Run) -> Chart:
    """CPU time per request against idle connections; on the page every metric."""
    pictured = {COST: "Server CPU time per request"}
    return Chart(tuple(sweep(run, idle_sweep(run), IDLE, "idle connections", USUAL, pictured)))


def reading(run: Run) -> str:
    """The cost at the most idle connections, cheapest first."""
    points = table(run)
    measured = points[points[METRIC].notna()]
    most = measured[IDLE].max()
    last = measured[measured[IDLE] == most].sort_values(METRIC)
    costs = [f"{server_name(one['server'])} {time_of(one, METRIC)}" for _, one in last.iterrows()]
    text = f"With {count(most)} idle connections a request costs {listed(costs)} of server CPU."
    apart = between_servers(at(idle_sweep(run), valid=True, **{IDLE: most}), METRIC)
    between = apart_in_words(apart, last, METRIC) if np.isfinite(apart.value) else ""
    if between:
        text += (
            f" The dearest and the cheapest are {between} apart; unlike the rate, "
            "this holds even where the load generator was the bottleneck."
        )
    return text


FIGURE = Figure(
    name="cpu_per_request",
    title="CPU per request",
    question="What does one request cost the server, whoever is the bottleneck?",
    order=20,
    chosen=idle_sweep,
    table=table,
    chart=chart,
    reading=reading,
)
