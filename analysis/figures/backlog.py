"""Response time and lost SYNs against the backlog, with a connection per request."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.charts.medians import MEDIAN, P999, USUAL, Metric, sweep
from analysis.charts.model import Chart, Line
from analysis.figures import Figure
from analysis.outcomes.lower_bounds import UNKNOWN_TIMES, side_of, time_of
from analysis.records.run import Run, remembered
from analysis.selection.sweeps import ACTIVE, BACKLOG, backlog_sweep
from analysis.statistics.point_medians import with_words
from analysis.wording import count, number, server_name

MIDDLE, TAIL, RATE = "response_p50_us", "response_p999_us", "requests_per_s"
STEADY, LONGER = 0.9, 2.0
"""A rate and a median that keep so much hide a tail that is so many times as long."""
SURE_TO_KEEP = ("", "at least ")
LOST, DROPPED = "listen_overflows", "listen_drops"
DROPS = Metric(DROPPED, "ListenDrops", log=False)
AGAIN = Line(1e6, "1 s: the SYN is sent again", upright=False)


@remembered
def table(run: Run) -> pd.DataFrame:
    """Response times, rate and the kernel's counters by server and backlog.

    A foreign server has one row, with a backlog of its own choice.
    """
    return with_words(
        run, backlog_sweep(run), ("server", BACKLOG), [MIDDLE, TAIL, RATE, LOST, DROPPED]
    )


def chart(run: Run) -> Chart:
    """The tail, the median and overflows of the accept queue; on the page every metric."""
    trials = backlog_sweep(run)
    clients = count(trials[ACTIVE].iloc[0])
    overflows = Metric(LOST, "ListenOverflows", f"ListenOverflows, {clients} clients", log=False)
    pictured = {
        P999: "99.9th percentile",
        MEDIAN: "Median",
        overflows: "Accept queue overflows",
    }
    panels = sweep(run, trials, BACKLOG, "backlog of listen()", (DROPS, *USUAL), pictured)
    return Chart(
        tuple(replace(one, lines=(AGAIN,)) if one.choice == P999.label else one for one in panels)
    )


def reading(run: Run) -> str:
    """The tail at the shortest and the longest backlog, and what the rate hides."""
    points = table(run)
    wanted = points[points[TAIL].notna() & points[BACKLOG].notna()]
    if not len(wanted):
        return "No trial with a connection per request has a figure."
    # The server with most backlogs measured tells the story.
    server = str(wanted["server"].value_counts().index[0])
    mine = wanted[wanted["server"] == server].sort_values(BACKLOG)
    short, long = mine.iloc[0], mine.iloc[-1]
    change = float(short[RATE] / long[RATE]) if long[RATE] > 0 else np.nan
    text = (
        f"With a backlog of {count(short[BACKLOG])} one request in a thousand to the "
        f"{server_name(server)} server takes {time_of(short, TAIL)} or more, with "
        f"{count(long[BACKLOG])} it is {time_of(long, TAIL)}; the kernel counted "
        f"{count(short[LOST])} overflows against {count(long[LOST])}."
    )
    if not np.isfinite(change):
        return text
    side = side_of(short, RATE, long)
    rate = UNKNOWN_TIMES if side is None else f"{side}{number(change)} times"
    rate = f"{rate} that of the longest"
    median = f"{time_of(short, MIDDLE)} against {time_of(long, MIDDLE)}"
    steady = side in SURE_TO_KEEP and change >= STEADY and short[MIDDLE] * STEADY <= long[MIDDLE]
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
    chosen=backlog_sweep,
    table=table,
    chart=chart,
    reading=reading,
)
