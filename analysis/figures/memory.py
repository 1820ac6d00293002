"""Memory and threads against idle connections."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import LogLocator, MultipleLocator

from analysis.charts import (
    connections_axis,
    label_of,
    legend,
    panels,
    run_styles,
    series,
    value_axis,
)
from analysis.figures._idle import X, chosen, summary
from analysis.palette import in_order
from analysis.text import count, listed, server_name, size

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from analysis.records import Run

NAME = "memory"
TITLE = "Memory and threads"
QUESTION = "What does it take to hold ten thousand connections open?"
ORDER = 50
CLAIMS = (10, 11)
MB = 2**20
MEMORY, THREADS = "server_rss_bytes", "server_threads"


def table(run: Run) -> pd.DataFrame:
    """Resident bytes and threads by server and idle connections."""
    return summary(run, (MEMORY, THREADS))


def draw(run: Run) -> Figure:
    """Resident memory on the left, threads on the right."""
    points = table(run)
    figure, axes = panels(["Resident memory", "Threads"])
    looks = run_styles(run)
    for axis, metric in zip(axes, (MEMORY, THREADS), strict=True):
        for server in in_order(points["server"]):
            mine = points[points["server"] == server]
            series(axis, mine, X, metric, looks[server], label_of(server))
        connections_axis(axis, points[X].unique(), "idle connections")
    if chosen(run)[THREADS].notna().any():
        value_axis(axes[1], "threads of the server")
    value_axis(axes[0], "resident memory", size)
    if axes[0].get_yscale() == "log":
        axes[0].yaxis.set_major_locator(LogLocator(base=2, numticks=10))
    else:
        axes[0].yaxis.set_major_locator(MultipleLocator(_step(axes[0].get_ylim()[1])))
    legend(figure, axes)
    return figure


def _step(most: float) -> float:
    """A round number of megabytes, so that about five of them reach `most`."""
    megabytes = most / 5 / MB
    power = 10 ** math.floor(math.log10(megabytes)) if megabytes > 0 else 1
    return MB * power * next(s for s in (1, 2, 5, 10) if s * power >= megabytes)


def reading(run: Run) -> str:
    """Memory at the most idle connections, smallest first."""
    points = table(run)
    most = points[X].max()
    last = points[(points[X] == most) & points[MEMORY].notna()].sort_values(MEMORY)
    if not len(last):
        return f"No server has a valid trial with {count(most)} idle connections."
    amounts = [
        f"{server_name(row.server)} {size(getattr(row, MEMORY))}" for row in last.itertuples()
    ]
    text = f"Holding {count(most)} idle connections takes {listed(amounts)} of resident memory."
    threads = float(last[THREADS].max())
    if np.isfinite(threads) and threads > 1:
        top = last.loc[last[THREADS].astype(float).idxmax(), "server"]
        text += (
            f" {server_name(str(top))[0].upper()}{server_name(str(top))[1:]} runs "
            f"{count(threads)} threads for it; the kernel's socket buffers come on top for all."
        )
    return text
