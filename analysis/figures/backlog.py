"""Response time and lost SYNs against the backlog, with a connection per request."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from analysis.charts.medians import MEDIAN, P999, USUAL, Metric, sweep
from analysis.charts.model import Chart, Line
from analysis.figures import Figure
from analysis.figures._idle import RUNS
from analysis.selection.trials import per_request, varying
from analysis.statistics.lower_bounds import time_of
from analysis.statistics.point_medians import with_void
from analysis.wording import count, number, server_name

if TYPE_CHECKING:
    import pandas as pd

    from analysis.records.run import Run

X = "backlog"
MIDDLE, TAIL, RATE = "response_p50_us", "response_p999_us", "requests_per_s"
STEADY, LONGER = 0.9, 2.0
"""A rate and a median that keep so much hide a tail that is so many times as long."""
LOST, DROPPED = "listen_overflows", "listen_drops"
DROPS = Metric(DROPPED, "ListenDrops", log=False)
AGAIN = Line(1e6, "1 s: the SYN is sent again", upright=False)


@lru_cache(maxsize=RUNS)
def chosen(run: Run) -> pd.DataFrame:
    """Trials with a connection per request, at the number of clients with most backlogs."""
    trials = varying(per_request(run), X, "active_connections")
    return trials if trials[X].nunique() > 1 else trials.head(0)


@lru_cache(maxsize=RUNS)
def table(run: Run) -> pd.DataFrame:
    """Response times, rate and the kernel's counters by server and backlog.

    A foreign server has one row, with a backlog of its own choice.
    """
    return with_void(run, chosen(run), ("server", X), [MIDDLE, TAIL, RATE, LOST, DROPPED])


def chart(run: Run) -> Chart:
    """The tail, the median and overflows of the accept queue; on the page every metric."""
    trials = chosen(run)
    clients = count(trials["active_connections"].iloc[0])
    overflows = Metric(LOST, "ListenOverflows", f"ListenOverflows, {clients} clients", log=False)
    pictured = {
        P999: "99.9th percentile",
        MEDIAN: "Median",
        overflows: "Accept queue overflows",
    }
    panels = sweep(run, trials, X, "backlog of listen()", (DROPS, *USUAL), pictured)
    return Chart(
        tuple(replace(one, lines=(AGAIN,)) if one.choice == P999.label else one for one in panels)
    )


def reading(run: Run) -> str:
    """The tail at the shortest and the longest backlog, and what the rate hides."""
    points = table(run)
    wanted = points[points[TAIL].notna() & points[X].notna()]
    if not len(wanted):
        return "No valid trial has a connection per request."
    # The server with most backlogs measured tells the story.
    server = str(wanted["server"].value_counts().index[0])
    mine = wanted[wanted["server"] == server].sort_values(X)
    short, long = mine.iloc[0], mine.iloc[-1]
    change = float(short[RATE] / long[RATE])
    text = (
        f"With a backlog of {count(short[X])} one request in a thousand to the "
        f"{server_name(server)} server takes {time_of(short, TAIL)} or more, with "
        f"{count(long[X])} it is {time_of(long, TAIL)}; the kernel counted "
        f"{count(short[LOST])} overflows against {count(long[LOST])}."
    )
    if not np.isfinite(change):
        return text
    rate = f"{number(change)} times that of the longest"
    median = f"{time_of(short, MIDDLE)} against {time_of(long, MIDDLE)}"
    steady = change >= STEADY and short[MIDDLE] * STEADY <= long[MIDDLE]
    if not (steady and short[TAIL] > LONGER * long[TAIL]):
        return f"{text} The rate is {rate}, the median {median}."
    return (
        f"{text} The rate ({rate}) and the median ({median}) do not show it: clients that wait for "
        "a lost SYN send nothing meanwhile (coordinated omission)."
    )


FIGURE = Figure(
    name="backlog",
    title="Listen backlog",
    question="What does a short listen backlog do to clients that connect for every request?",
    order=60,
    claims=(14, 16),
    chosen=chosen,
    table=table,
    chart=chart,
    reading=reading,
)
