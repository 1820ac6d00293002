"""Throughput and CPU per request against active connections."""

from __future__ import annotations

import pandas as pd

from analysis.charts import medians
from analysis.charts.medians import USUAL, sweep
from analysis.charts.model import Chart
from analysis.figures import Figure
from analysis.records.run import Run, remembered
from analysis.selection.sweeps import ACTIVE, active_sweep
from analysis.selection.trials import at
from analysis.statistics.extremes import in_words
from analysis.statistics.in_sentences import Write, apart, figure
from analysis.statistics.point_medians import with_words
from analysis.wording import count, duration, known, number, server_name

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
    fast, slow = (str(last["server"].iloc[place]) for place in (-1, 0))
    mine = at(trials, **{ACTIVE: most})

    def told(server: str, metric: str, write: Write) -> str:
        return figure(run, at(mine, server=server), metric, write)

    text = (
        f"With {count(most)} active connections {server_name(fast)} answers "
        f"{told(fast, RATE, number)} requests a second"
    )
    if len(last) > 1:
        found = apart(run, mine, RATE, fast, slow)
        # Nothing is a multiple of nought.
        multiple = known(found.value) and last[RATE].iloc[0] > 0
        times = f", {in_words(found)} apart" if multiple else ""
        text += (
            f" and {server_name(slow)} {told(slow, RATE, number)}{times} "
            f"({told(slow, COST, duration)} of CPU per request against "
            f"{told(fast, COST, duration)})"
        )
    bounded = int((trials["validity"] == "generator_bound").sum())
    total = int(trials["measured"].sum())
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
