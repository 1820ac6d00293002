"""Throughput against latency as the load rises: where more load buys only waiting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.charts import medians
from analysis.charts.medians import MEDIAN, P90, P99, P999, Metric, marks_of, numbers
from analysis.charts.model import Axis, Chart, Mark, Series
from analysis.charts.palette import in_order, run_styles
from analysis.figures import Figure
from analysis.outcomes.lower_bounds import UNKNOWN_TIMES, side_of, time_of, times
from analysis.records.run import Run, remembered
from analysis.selection.sweeps import ACTIVE, LEAST_RATES, rate_candidates, rate_sweep
from analysis.selection.sweeps import RATE as OFFERED
from analysis.selection.trials import at, nothing_idle
from analysis.statistics.blocks import paired_ratio
from analysis.statistics.estimates import Estimate
from analysis.statistics.extremes import widened
from analysis.statistics.point_medians import with_words
from analysis.wording import count, interval, listed, number, server_name
from contract.outcomes import STARVED

RATE, TAIL = medians.RATE.name, P99.name
PICTURED = {P99: "99th percentile", MEDIAN: "Median"}
METRICS = (*PICTURED, P90, P999)
LEVELS = 2


def _axis(run: Run) -> str:
    """What raises the load: the rate of an open loop if the run varies it, else the number
    of active connections."""
    return OFFERED if len(rate_sweep(run)) else ACTIVE


@remembered
def chosen(run: Run) -> pd.DataFrame:
    """The trials of servers that met several loads, whatever their words."""
    if _axis(run) == OFFERED:
        return rate_sweep(run)
    trials = nothing_idle(run)
    levels = trials[trials["valid"]].groupby("server", observed=True)[ACTIVE].nunique()
    return trials[trials["server"].isin(levels.index[levels >= LEVELS])]


def candidates(run: Run) -> pd.DataFrame:
    """The same, and those of servers that were asked under as many loads and have figures under too
    few."""
    return rate_candidates(run) if _axis(run) == OFFERED else nothing_idle(run)


@remembered
def table(run: Run) -> pd.DataFrame:
    """Rate and response times by server and load, in the order of rising load."""
    names = [RATE, *(metric.name for metric in METRICS)]
    return with_words(run, chosen(run), ("server", _axis(run)), names)


def chart(run: Run) -> Chart:
    """The 99th percentile and the median over the rate; a server's points are joined in the
    order of rising load, its intervals drawn both ways. On the page more percentiles."""
    servers = in_order(table(run)["server"])
    x = Axis("requests per second", low=0)
    panels = []
    for metric in METRICS:
        paths = [_path(run, server, metric) for server in servers]
        panels.append(metric.panel(x, paths, PICTURED.get(metric)))
    return Chart(tuple(panels))


def reading(run: Run) -> str:
    """What the last step of load bought, for the server that gained least, and the loads under
    which nobody was served at all."""
    points, x = table(run), _axis(run)
    what = "requests asked for a second" if x == OFFERED else "active connections"
    unserved = _unserved(points, x, what)
    steps = []
    for server in in_order(points["server"]):
        mine = points[(points["server"] == server) & (points[RATE] > 0)].sort_values(x)
        if len(mine) > 1:
            first, last = mine.iloc[0], mine.iloc[-1]
            gain = float(last[RATE] / first[RATE])
            steps.append((gain, server, first, last))
    if not steps:
        nothing = "No server has figures under two loads."
        return " ".join(filter(None, [unserved, nothing, _left_out(run, x)]))
    gain, server, first, last = min(steps, key=lambda step: step[0])
    mine = at(chosen(run), valid=True, server=server)
    low, high = at(mine, **{x: first[x]}), at(mine, **{x: last[x]})
    bought = widened(paired_ratio(high, low, RATE), len(steps))
    text = (
        f"From {count(first[x])} to {count(last[x])} {what}, {server_name(server)} answers "
        f"{_gained(first, last, bought, gain)} as many requests and its 99th percentile is "
        f"{times(last, TAIL, first)} as long ({time_of(last, TAIL)})."
    )
    text = " ".join(filter(None, [unserved, text, _left_out(run, x)]))
    if x == OFFERED:
        return f"{text} A path that turns upwards has found what the server can do."
    return (
        f"{text} In a closed loop the clients wait for their answers, so once the server is busy "
        "each further connection only queues."
    )


def _gained(
    first: pd.Series[float], last: pd.Series[float], bought: Estimate, of_medians: float
) -> str:
    """How many times the rate, with an interval where both rates are known."""
    side = side_of(last, RATE, first)
    if side is None:
        return UNKNOWN_TIMES
    times_ = f"{side}{number(bought.value if bought.n else of_medians)} times"
    ends = "" if side else interval(bought.low, bought.high, "x")
    return f"{times_} ({ends})" if ends else times_


def _unserved(points: pd.DataFrame, x: str, what: str) -> str:
    """The loads under which the rate is nought, by server; '' without any."""
    found = []
    nought = points[(points[STARVED] > 0) & (points[RATE] == 0)].sort_values(x)
    for server in in_order(nought["server"]):
        mine = nought[nought["server"] == server]
        # Less than half of a load's repeats may have times.
        some = " in most repeats" if mine[TAIL].notna().any() else ""
        loads = listed([count(load) for load in mine[x]])
        found.append(f"At {loads} {what} {server_name(server)} serves nobody{some}.")
    return " ".join(found)


def _left_out(run: Run, x: str) -> str:
    """Servers that were asked under several loads and have figures under too few of them."""
    least = LEAST_RATES if x == OFFERED else LEVELS
    levels = candidates(run).groupby("server", observed=True)[x].nunique()
    shown = set(chosen(run)["server"].unique())
    gone = [server_name(s) for s in in_order(levels.index[levels >= least]) if s not in shown]
    if not gone:
        return ""
    verb = "is" if len(gone) == 1 else "are"
    text = f"{listed(gone)} {verb} not shown: measured under fewer than {least} loads."
    return text[:1].upper() + text[1:]


def _path(run: Run, server: str, metric: Metric) -> Series:
    points, trials = table(run), chosen(run)
    mine = points[(points["server"] == server) & points[RATE].notna() & points[metric.name].notna()]
    others = trials[(trials["server"] == server) & ~trials["valid"] & trials[RATE].notna()]
    path = medians.series(
        *(mine, metric.name, numbers(mine, RATE), run_styles(run)[server], server_name(server)),
        x_low=numbers(mine, f"{RATE}_low"),
        x_high=numbers(mine, f"{RATE}_high"),
        marks=(*marks_of(others, metric.name, RATE), *_starved(points, server, metric)),
    )
    return replace(path, shift_pt=0.0)  # a place is a rate here


def _starved(points: pd.DataFrame, server: str, metric: Metric) -> Iterator[Mark]:
    """The loads under which nobody was served, at their rate: there is no time."""
    gone = points[(points["server"] == server) & (points[STARVED] > 0) & points[metric.name].isna()]
    rates = numbers(gone, RATE)
    return (
        Mark(rate, np.nan, "starved", at_top=True) for rate in rates[np.isfinite(rates)].tolist()
    )


FIGURE = Figure(
    name="load_latency",
    title="Throughput against latency",
    question="What does more load buy, more answers or only longer waits?",
    order=44,
    chosen=chosen,
    table=table,
    chart=chart,
    reading=reading,
    candidates=candidates,
)
