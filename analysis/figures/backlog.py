"""Response time and lost SYNs against the backlog, with a connection per request."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

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
from analysis.charts.interactive import DROPS, P999, USUAL, Chart, sweep
from analysis.charts.palette import INK, MUTED, in_order
from analysis.figures._idle import RUNS, void_at
from analysis.selection.trials import per_request, varying
from analysis.statistics.point_medians import with_void
from analysis.wording import count, duration, number, server_name

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from analysis.records.run import Run

NAME = "backlog"
TITLE = "Listen backlog"
QUESTION = "What does a short listen backlog do to clients that connect for every request?"
ORDER = 60
CLAIMS = (14, 16)
X = "backlog"
MEDIAN, TAIL, RATE = "response_p50_us", "response_p999_us", "requests_per_s"
LOST, DROPPED = "listen_overflows", "listen_drops"


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
    return with_void(run, chosen(run), ("server", X), [MEDIAN, TAIL, RATE, LOST, DROPPED])


def draw(run: Run) -> Figure:
    """Response times on the left (p99.9 solid, median dashed), overflows on the right."""
    trials, points = (frame[frame[X].notna()] for frame in (chosen(run), table(run)))
    figure, (left, right) = panels(["Response time: p99.9 and median", "Accept queue overflows"])
    looks = run_styles(run)
    for server in in_order(points["server"]):
        mine, look = points[points["server"] == server], looks[server]
        series(left, mine, X, TAIL, look, label_of(server))
        series(left, mine, X, MEDIAN, look, f"{label_of(server)}, median", dash="--")
        series(right, mine, X, LOST, look, label_of(server))
        hollow(left, void_at(trials, server), X, TAIL, look)
    for axis in (left, right):
        connections_axis(axis, points[X].unique(), "backlog, the argument of listen()")
    clients = int(trials["active_connections"].iloc[0])
    left.axhline(1e6, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
    note: Any = {"xytext": (3, -12), "textcoords": "offset points", "color": INK, "fontsize": 8.5}
    left.annotate(
        "1 s: the first SYN is sent again",
        (0, 1e6),
        xycoords=("axes fraction", "data"),
        **note,
    )
    value_axis(left, "response time", duration, log=True)
    right.set_ylim(bottom=0)
    right.set_ylabel(f"ListenOverflows, {count(clients)} clients")
    legend(figure, [left, right])
    return figure


def chart(run: Run) -> Chart | None:
    """Every metric against the backlog, the tail first."""
    return sweep(run, chosen, X, "backlog, the argument of listen()", (P999, DROPS, *USUAL))


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
        f"{server_name(server)} server takes {duration(short[TAIL])} or more, with "
        f"{count(long[X])} it is {duration(long[TAIL])}; the kernel counted "
        f"{count(short[LOST])} overflows against {count(long[LOST])}."
    )
    if np.isfinite(change):
        text += (
            f" The rate ({number(change)} times that of the longest) and the median "
            f"({duration(short[MEDIAN])} against {duration(long[MEDIAN])}) do not show it: clients "
            "that wait for a lost SYN send nothing meanwhile (coordinated omission)."
        )
    return text
