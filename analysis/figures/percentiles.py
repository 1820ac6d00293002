"""Response time by percentile, far into the tail: the plot that HdrHistogram made usual.

From the histograms beside the CSV, not from percentiles of percentiles: those of a
server's repeats are added up, and the band holds every single repeat.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.ticker import NullLocator

from analysis.charts.drawing import label_of, legend, panels, run_styles, value_axis
from analysis.charts.interactive import Chart, Metric, curve, line_of
from analysis.charts.palette import in_order
from analysis.figures._idle import RUNS
from analysis.records import details
from analysis.selection.trials import at, nothing_idle, plain
from analysis.wording import count, duration, number, server_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analysis.records.details import Floats
    from analysis.records.run import Run

NAME = "percentiles"
TITLE = "Latency by percentile"
QUESTION = "How long are the unlucky ones made to wait, one in ten to one in 100,000?"
ORDER = 42
CLAIMS: tuple[int, ...] = ()
NINES = np.linspace(0, 5, 101)
"""The x axis: how many nines; 2 is the 99th percentile."""
TICKS = [(0, "0"), (0.30103, "50"), (1, "90"), (2, "99"), (3, "99.9"), (4, "99.99"), (5, "99.999")]
CLOSED, OPEN = "keep_alive", "open_loop"
SHOWN = {"response_p50_us": 50.0, "response_p90_us": 90.0, "response_p99_us": 99.0}
SHOWN |= {"response_p999_us": 99.9, "response_max_us": 100.0}
REPEATS_SHOWN = 6
"""Enough for a curve; reading thousands of histograms would take minutes."""


class Curve(NamedTuple):
    """A server's waits: `us` over NINES (NaN beyond what was counted) of all repeats
    together, the lowest and highest of single repeats, and its most usual percentiles."""

    server: str
    load: str
    clock: str
    us: Floats
    low: Floats
    high: Floats
    n: int
    requests: int
    row: dict[str, float]


@lru_cache(maxsize=RUNS)
def chosen(run: Run) -> pd.DataFrame:
    """The valid trials with histograms: keep-alive with nothing idle, at the number of active
    connections that most servers have (the largest such), and open loops at their usual rate."""
    busy = at(details.among(run, nothing_idle(run)), valid=True)
    opened = details.among(run, at(plain(run), load=OPEN, valid=True))
    return pd.concat([_most_shared(busy, "active_connections"), _most_shared(opened, "rate_per_s")])


def table(run: Run) -> pd.DataFrame:
    """Percentiles in microseconds of all repeats together; `timed` says from when."""
    rows = [
        {"server": c.server, "timed": f"{_load(c.load)}, {c.clock}", "n": c.n,
         "requests": c.requests, **c.row}
        for c in _curves(run)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def draw(run: Run) -> Figure:
    """Closed loop on the left; open loop, corrected and uncorrected, on the right."""
    found = _curves(run)
    loads = [load for load in (CLOSED, OPEN) if any(c.load == load for c in found)]
    figure, axes = panels([_title(run, load) for load in loads])
    looks = run_styles(run)
    for axis, load in zip(axes, loads, strict=True):
        for one in (c for c in found if c.load == load):
            solid = one.clock != "from the send"
            label = label_of(one.server) if solid else f"{label_of(one.server)}, from the send"
            colour = looks[one.server].colour
            axis.plot(NINES, one.us, color=colour, linestyle="-" if solid else "--", label=label)
            if solid:
                axis.fill_between(NINES, one.low, one.high, color=colour, alpha=0.16, lw=0)
        _percentile_axis(axis)
        value_axis(axis, "response time" if axis is axes[0] else "", duration, log=True)
    legend(figure, axes)
    return figure


def chart(run: Run) -> Chart | None:
    """The same curves."""
    metrics = {CLOSED: Metric("closed", "response time, closed loop", "us"),
               OPEN: Metric("open", "response time, open loop", "us")}  # fmt: skip
    found, looks = _curves(run), run_styles(run)
    lines = []
    for one in found:
        at_, values = curve(NINES, one.us)
        line = line_of(one.server, looks[one.server], at_)
        line.plain, line.values = True, {metrics[one.load].name: values}
        if one.load == OPEN:
            line.label = f"{line.label}, {one.clock}"
            line.dash = "dashed" if one.clock == "from the send" else "solid"
        lines.append(line)
    used = [metrics[load] for load in metrics if any(c.load == load for c in found)]
    return Chart("percentile", TICKS, used, lines)


def reading(run: Run) -> str:
    """The longest tail against its own median, and what a careless clock would hide."""
    found = _curves(run)
    closed = [c for c in found if c.load == CLOSED]
    texts = []
    if closed:
        worst = max(closed, key=lambda c: c.row["response_p999_us"])
        texts.append(
            f"{server_name(worst.server)} has the longest tail: half of its clients wait "
            f"{duration(worst.row['response_p50_us'])} or less, one in a thousand "
            f"{duration(worst.row['response_p999_us'])} or more "
            f"({number(worst.row['response_p999_us'] / worst.row['response_p50_us'])} times as "
            f"long), and the unluckiest {duration(worst.row['response_max_us'])}."
        )
    sent = {c.server: c for c in found if c.clock == "from the send"}
    opened = [c for c in found if c.load == OPEN and c.clock != "from the send"]
    if opened and sent:
        one = max(opened, key=lambda c: c.row["response_p99_us"])
        other = sent[one.server].row["response_p99_us"]
        texts.append(
            f"In the open loop the 99th percentile of {server_name(one.server)} is "
            f"{duration(one.row['response_p99_us'])} from the intended moment and "
            f"{duration(other)} from the send; the second leaves out what a request waited for "
            "its turn."
        )
    return " ".join(text[0].upper() + text[1:] for text in texts)


@lru_cache(maxsize=RUNS)
def _curves(run: Run) -> list[Curve]:
    trials = chosen(run)
    found = []
    for load in (CLOSED, OPEN):
        mine = trials[trials["load"] == load]
        for server in in_order(mine["server"]):
            names = at(mine, server=server)["trial"].head(REPEATS_SHOWN)
            for histogram, clock in _clocks(load):
                read = [details.counts(run, str(name), histogram) for name in names]
                whole = [one for one in read if one is not None]
                if whole:
                    found.append(_curve(server, load, clock, whole))
    return found


def _clocks(load: str) -> list[tuple[str, str]]:
    if load == CLOSED:
        return [("response", "from the send to the answer")]
    return [("response", "from the intended moment"), ("service", "from the send")]


def _curve(server: str, load: str, clock: str, parts: list[tuple[Floats, Floats]]) -> Curve:
    us, many = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(us, kind="stable")
    whole = us[order], many[order]
    single = np.vstack([_at(*part) for part in parts])
    counted = ~np.isnan(single).all(axis=0)
    low, high = (np.full(len(NINES), np.nan) for _ in range(2))
    low[counted] = np.nanmin(single[:, counted], axis=0)
    high[counted] = np.nanmax(single[:, counted], axis=0)
    shares = np.array(list(SHOWN.values())) / 100
    row = dict(zip(SHOWN, _percentiles(*whole, shares).tolist(), strict=True))
    requests = int(many.sum())
    return Curve(server, load, clock, _at(*whole), low, high, len(parts), requests, row)


def _at(us: Floats, many: Floats) -> Floats:
    """The durations over NINES, as far as requests were counted."""
    values = _percentiles(us, many, 1 - 10.0**-NINES)
    return np.where(10.0**-NINES * many.sum() >= 1, values, np.nan)


def _percentiles(us: Floats, many: Floats, shares: Floats) -> Floats:
    """The smallest durations that at least these shares of the requests did not exceed."""
    total = np.cumsum(many)
    ranks = np.maximum(1.0, np.ceil(shares * total[-1] - 1e-9))
    found: Floats = us[np.searchsorted(total, ranks)]
    return found


def _most_shared(trials: pd.DataFrame, setting: str) -> pd.DataFrame:
    if not len(trials):
        return trials
    servers = trials.groupby(setting)["server"].nunique()
    return at(trials, **{setting: servers[servers == servers.max()].index.max()})


def _load(load: str) -> str:
    return "closed loop" if load == CLOSED else "open loop"


def _title(run: Run, load: str) -> str:
    trials = chosen(run)
    first = trials[trials["load"] == load].iloc[0]
    if load == CLOSED:
        return f"Closed loop, {count(first['active_connections'])} connections"
    return f"Open loop, {count(first['rate_per_s'])} requests/s"


def _percentile_axis(axis: Axes) -> None:
    axis.set_xlim(0, 5)
    axis.set_xticks([place for place, _ in TICKS], [name for _, name in TICKS])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_xlabel("percentile")
    axis.set_yscale("log")
