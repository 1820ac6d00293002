"""Memory, threads and what one connection takes, against idle connections."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis.charts import medians
from analysis.charts.medians import USUAL, Metric, sweep
from analysis.charts.model import BYTES, Chart
from analysis.figures import Figure
from analysis.records.run import Run, remembered
from analysis.selection.sweeps import ACTIVE, IDLE, idle_sweep
from analysis.selection.trials import at
from analysis.statistics.extremes import between_servers, in_words
from analysis.statistics.point_medians import with_words
from analysis.wording import count, listed, server_name, size

MEMORY, THREADS, EACH = "server_rss_bytes", "server_threads", "rss_per_connection_bytes"
SLAB = "kernel_slab_per_connection_bytes"
LOAD = "generator_rss_per_connection_bytes"
ENOUGH = 500
"""Connections from which growth is the connections' own, and not the first request's."""


@remembered
def chosen(run: Run) -> pd.DataFrame:
    """The trials against idle connections, with what each connection added: to the server's
    resident memory, to the kernel's slab where the probe read it (both ends of each connection are
    on this machine), and to the load workers' resident memory."""
    trials = idle_sweep(run)
    if not len(trials):
        return trials
    held = (trials[ACTIVE] + trials[IDLE]).where(lambda many: many >= ENOUGH)
    grown = trials[MEMORY] - trials["server_rss_idle_bytes"]
    trials = trials.assign(**{EACH: (grown / held).where(grown > 0)})
    if "kernel_slab_bytes" in trials:
        slab = trials["kernel_slab_bytes"] - trials["kernel_slab_idle_bytes"]
        trials = trials.assign(**{SLAB: (slab / held).where(slab > 0)})
    if "generator_rss_bytes" in trials:
        load = trials["generator_rss_bytes"] - trials["generator_rss_idle_bytes"]
        trials = trials.assign(**{LOAD: (load / held).where(load > 0)})
    return trials


@remembered
def table(run: Run) -> pd.DataFrame:
    """Resident bytes, threads and bytes per connection by server and idle connections."""
    trials = chosen(run)
    had = [name for name in (MEMORY, THREADS, EACH, SLAB, LOAD) if name in trials]
    had = [name for name in had if name in (MEMORY, THREADS) or trials[name].notna().any()]
    return with_words(run, trials, ("server", ACTIVE, IDLE), had)


def chart(run: Run) -> Chart:
    """Resident memory, threads and what a connection takes; on the page every metric."""
    each = Metric(EACH, "resident memory per connection", "", BYTES)
    slab = Metric(SLAB, "kernel memory per connection, both ends", "", BYTES)
    load = Metric(LOAD, "resident memory of the load per connection", "", BYTES)
    pictured = {
        medians.MEMORY: "Resident memory",
        medians.THREADS: "Threads",
        each: "Memory per connection",
    }
    panels = sweep(run, chosen(run), IDLE, "idle connections", (slab, load, *USUAL), pictured)
    return Chart(tuple(panels))


def reading(run: Run) -> str:
    """Memory at the most idle connections, smallest first."""
    points = table(run)
    measured = points[points[MEMORY].notna()]
    most = measured[IDLE].max()
    last = measured[measured[IDLE] == most].sort_values(MEMORY)
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
        apart = between_servers(at(chosen(run), valid=True, **{IDLE: most}), EACH)
        text += (
            f" A connection adds {size(small[EACH])} to {server_name(small['server'])} and "
            f"{size(large[EACH])} to {server_name(large['server'])}, "
            f"{in_words(apart)} as much; the kernel's sockets come on top for all."
        )
    elif len(each):
        text += _of_both_ends(each.iloc[0])
    return text


def _of_both_ends(point: pd.Series[Any]) -> str:
    """What a connection takes where that is known of one server alone."""
    parts = {
        EACH: server_name(str(point["server"])),
        SLAB: "the kernel for both ends",
        LOAD: "the load",
    }
    amounts = [
        f"{size(point[name])} in {whose}"
        for name, whose in parts.items()
        if name in point and np.isfinite(float(point[name]))
    ]
    return f" A connection takes {listed(amounts)}."


FIGURE = Figure(
    name="memory",
    title="Memory and threads",
    question="What does it take to hold thousands of connections open?",
    order=50,
    claims=(10, 11, 12, 13),
    chosen=chosen,
    table=table,
    chart=chart,
    reading=reading,
)
