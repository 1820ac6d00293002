"""Server CPU time per request against idle connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
from analysis.charts.interactive import COST, USUAL, Chart, sweep
from analysis.charts.palette import in_order
from analysis.figures._idle import X, chosen, summary, void_at
from analysis.selection.trials import at
from analysis.statistics.extremes import between_servers, in_words
from analysis.wording import count, duration, listed, server_name

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from analysis.records.run import Run

NAME = "cpu_per_request"
TITLE = "CPU per request"
QUESTION = "What does one request cost the server, whoever is the bottleneck?"
ORDER = 20
CLAIMS: tuple[int, ...] = ()
METRIC = "server_cpu_us_per_request"


def table(run: Run) -> pd.DataFrame:
    """CPU microseconds per request by server and idle connections."""
    return summary(run, (METRIC,))


def draw(run: Run) -> Figure:
    """CPU time per request, both axes logarithmic."""
    trials, points = chosen(run), table(run)
    figure, (axis,) = panels(["Server CPU time per request"])
    looks = run_styles(run)
    for server in in_order(points["server"]):
        mine = points[points["server"] == server]
        series(axis, mine, X, METRIC, looks[server], label_of(server))
        hollow(axis, void_at(trials, server), X, METRIC, looks[server])
    connections_axis(axis, points[X].unique(), "idle connections")
    value_axis(axis, "CPU time per request", duration)
    legend(figure, [axis])
    return figure


def chart(run: Run) -> Chart | None:
    """Every metric against idle connections."""
    return sweep(run, chosen, X, "idle connections", (COST, *USUAL))


def reading(run: Run) -> str:
    """The cost at the most idle connections, cheapest first."""
    points = table(run)
    measured = points[points[METRIC].notna()]
    most = measured[X].max()
    last = measured[measured[X] == most].sort_values(METRIC)
    costs = [
        f"{server_name(server)} {duration(cost)}"
        for server, cost in zip(last["server"], last[METRIC], strict=True)
    ]
    text = f"With {count(most)} idle connections a request costs {listed(costs)} of server CPU."
    apart = between_servers(at(chosen(run), valid=True, **{X: most}), METRIC)
    if np.isfinite(apart.value):
        text += (
            f" The dearest and the cheapest are {in_words(apart)} apart; unlike the rate, "
            "this holds even where the load generator was the bottleneck."
        )
    return text
