"""Memory, threads and what one connection takes, against idle connections."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator, MultipleLocator

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
from analysis.charts.interactive import MEMORY as MEMORY_METRIC
from analysis.charts.interactive import THREADS as THREADS_METRIC
from analysis.charts.interactive import USUAL, Chart, Metric, sweep
from analysis.charts.palette import in_order
from analysis.figures._idle import KEYS, RUNS, X, void_at
from analysis.figures._idle import chosen as idle_trials
from analysis.selection.trials import at
from analysis.statistics.extremes import between_servers, in_words
from analysis.statistics.point_medians import with_void
from analysis.wording import count, listed, server_name, size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analysis.records.run import Run

NAME = "memory"
TITLE = "Memory and threads"
QUESTION = "What does it take to hold ten thousand connections open?"
ORDER = 50
CLAIMS = (10, 11, 12, 13)
MB = 2**20
MEMORY, THREADS, EACH = "server_rss_bytes", "server_threads", "rss_per_connection_bytes"
SLAB = "kernel_slab_per_connection_bytes"
ENOUGH = 500
"""Connections from which growth is the connections' own, and not the first request's."""


@lru_cache(maxsize=RUNS)
def chosen(run: Run) -> pd.DataFrame:
    """The trials against idle connections, with what each connection added: to the server's
    resident memory, and to the kernel's slab where the probe read it (both ends of each
    connection are on this machine)."""
    trials = idle_trials(run)
    if not len(trials):
        return trials
    held = (trials["active_connections"] + trials[X]).where(lambda many: many >= ENOUGH)
    grown = trials[MEMORY] - trials["server_rss_idle_bytes"]
    trials = trials.assign(**{EACH: (grown / held).where(grown > 0)})
    if "kernel_slab_bytes" in trials:
        slab = trials["kernel_slab_bytes"] - trials["kernel_slab_idle_bytes"]
        trials = trials.assign(**{SLAB: (slab / held).where(slab > 0)})
    return trials


@lru_cache(maxsize=RUNS)
def table(run: Run) -> pd.DataFrame:
    """Resident bytes, threads and bytes per connection by server and idle connections."""
    trials = chosen(run)
    had = [name for name in (MEMORY, THREADS, EACH, SLAB) if name in trials]
    had = [name for name in had if name in (MEMORY, THREADS) or trials[name].notna().any()]
    return with_void(run, trials, KEYS, had)


def draw(run: Run) -> Figure:
    """Resident memory, threads, and memory per connection."""
    points = table(run)
    each = EACH in points and points[EACH].notna().any()
    titles = ["Resident memory", "Threads", *(["Memory per connection"] if each else [])]
    figure, axes = panels(titles)
    looks = run_styles(run)
    for axis, metric in zip(axes, (MEMORY, THREADS, EACH), strict=False):
        for server in in_order(points["server"]):
            mine = points[points["server"] == server]
            series(axis, mine, X, metric, looks[server], label_of(server))
            hollow(axis, void_at(chosen(run), server), X, metric, looks[server])
        shown = points if metric != EACH else points[points[EACH].notna()]
        connections_axis(axis, shown[X].unique(), "idle connections")
    if chosen(run)[THREADS].notna().any():
        value_axis(axes[1], "")
    value_axis(axes[0], "", size)
    _round_steps(axes[0])
    if each:
        value_axis(axes[2], "", size)
        if axes[2].get_yscale() == "log":
            _round_steps(axes[2])
    legend(figure, axes)
    return figure


def chart(run: Run) -> Chart | None:
    """Memory in the server and per connection against idle connections."""
    each = Metric(EACH, "resident memory per connection", "bytes")
    slab = Metric(SLAB, "kernel memory per connection, both ends", "bytes")
    wanted = (MEMORY_METRIC, each, slab, THREADS_METRIC, *USUAL)
    return sweep(run, chosen, X, "idle connections", wanted)


def reading(run: Run) -> str:
    """Memory at the most idle connections, smallest first."""
    points = table(run)
    measured = points[points[MEMORY].notna()]
    most = measured[X].max()
    last = measured[measured[X] == most].sort_values(MEMORY)
    amounts = [
        f"{server_name(row.server)} {size(getattr(row, MEMORY))}" for row in last.itertuples()
    ]
    text = f"Holding {count(most)} idle connections takes {listed(amounts)} of resident memory."
    threads = float(last[THREADS].max())
    if np.isfinite(threads) and threads > 1:
        top = last.loc[last[THREADS].astype(float).idxmax(), "server"]
        name = server_name(str(top))
        text += f" {name[0].upper()}{name[1:]} runs {count(threads)} threads for it."
    each = last[last[EACH].notna()].sort_values(EACH) if EACH in last else last.head(0)
    if len(each) > 1:
        small, large = each.iloc[0], each.iloc[-1]
        text += (
            f" A connection adds {size(small[EACH])} to {server_name(small['server'])} and "
            f"{size(large[EACH])} to {server_name(large['server'])}, "
            f"{in_words(between_servers(at(chosen(run), valid=True, **{X: most}), EACH))} as much; "
            "the kernel's sockets come on top for all."
        )
    return text


def _round_steps(axis: Axes) -> None:
    """Ticks at powers of two, or at round numbers of megabytes."""
    if axis.get_yscale() == "log":
        axis.yaxis.set_major_locator(LogLocator(base=2, numticks=10))
    else:
        axis.yaxis.set_major_locator(MultipleLocator(_step(axis.get_ylim()[1])))


def _step(most: float) -> float:
    """A round number of megabytes, so that about five of them reach `most`."""
    megabytes = most / 5 / MB
    power = 10 ** math.floor(math.log10(megabytes)) if megabytes > 0 else 1
    return MB * power * next(s for s in (1, 2, 5, 10) if s * power >= megabytes)
