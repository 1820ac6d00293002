"""Response time by percentile, far into the tail: the plot that HdrHistogram made usual.

From the histograms beside the CSV, not from percentiles of percentiles: those of a
server's repeats are added up, and the band holds every single repeat. Each repeat counts alike: in
a closed loop one that was slow has few requests, and would be next to nothing among the others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.arrays import Flags, Floats
from analysis.charts.model import MICROSECONDS, Axis, Chart, Panel, Series
from analysis.charts.palette import in_order, run_styles
from analysis.figures import Figure
from analysis.outcomes.lower_bounds import END, bounded, time_of, times
from analysis.records import details
from analysis.records.run import Run, remembered
from analysis.records.words import starved
from analysis.selection.trials import at, nothing_idle, open_loop
from analysis.wording import count, server_name

NINES = np.linspace(0, 5, 101)
"""The x axis: how many nines; 2 is the 99th percentile."""
PERCENTS = ("0", "50", "90", "99", "99.9", "99.99", "99.999")
AXIS = Axis(
    "percentile",
    ticks=tuple(zip((0, 0.30103, 1, 2, 3, 4, 5), PERCENTS, strict=True)),
    low=0,
    high=5,
)
CLOSED, OPEN = "keep_alive", "open_loop"
SENT = "from the send"
SHOWN = {"response_p50_us": 50.0, "response_p90_us": 90.0, "response_p99_us": 99.0}
SHOWN |= {"response_p999_us": 99.9, "response_max_us": 100.0}
ROUNDING = 1e-6
"""Part of a request: counts of repeats that weigh alike are no whole numbers."""


class Curve(NamedTuple):
    """A server's waits: `us` over NINES (NaN beyond what was counted) of all repeats
    together, the lowest and highest of single repeats, and its most usual percentiles, with those
    that are lower bounds in any repeat."""

    server: str
    load: str
    clock: str
    us: Floats
    low: Floats
    high: Floats
    n: int
    requests: int
    row: dict[str, Any]


@remembered
def chosen(run: Run) -> pd.DataFrame:
    """The valid trials with histograms: keep-alive with nothing idle, at the number of active
    connections that most servers have (the largest such), and open loops at their usual rate."""
    parts = (_shared(run, every, setting) for every, setting in _loads(run))
    return pd.concat([at(details.among(run, part), valid=True) for part in parts])


def candidates(run: Run) -> pd.DataFrame:
    """All trials at that number of active connections, and at that rate."""
    return pd.concat([_shared(run, every, setting) for every, setting in _loads(run)])


def table(run: Run) -> pd.DataFrame:
    """Percentiles in microseconds of all repeats together; `timed` says from when."""
    rows = [
        {"server": c.server, "timed": f"{_load(c.load)}, {c.clock}", "trials": c.n,
         "requests": c.requests, **c.row}
        for c in _curves(run)
    ]  # fmt: skip
    found = pd.DataFrame(rows)
    return found.drop(columns=[n for n in found if str(n).endswith(END) and not found[n].any()])


def chart(run: Run) -> Chart:
    """Closed loop on the left; open loop, corrected and uncorrected, on the right."""
    found = _curves(run)
    waits = Axis("response time", MICROSECONDS, log=True)
    panels = []
    for load in (CLOSED, OPEN):
        series = tuple(_series(run, one) for one in found if one.load == load)
        if series:
            choice = f"response time, {_load(load)}"
            panels.append(Panel(AXIS, waits, _title(run, load), series, choice=choice))
    return Chart(tuple(panels))


def reading(run: Run) -> str:
    """The longest tail against its own median, and what a careless clock would hide."""
    found = _curves(run)
    closed = [c for c in found if c.load == CLOSED]
    texts = []
    if closed:
        worst = max(closed, key=lambda c: c.row["response_p999_us"])
        others = [c for c in closed if c is not worst and c.row[f"response_p999_us{END}"]]
        known = ", as far as is known" if others or _unserved(run, closed) else ""
        texts.append(
            f"{server_name(worst.server)} has the longest tail{known}: half of its clients wait "
            f"{time_of(worst.row, 'response_p50_us')} or less, one in a thousand "
            f"{time_of(worst.row, 'response_p999_us')} or more "
            f"({times(worst.row, 'response_p999_us', worst.row, 'response_p50_us')} as "
            f"long), and the unluckiest {time_of(worst.row, 'response_max_us')}."
        )
    sent = {c.server: c for c in found if c.clock == SENT}
    opened = [c for c in found if c.load == OPEN and c.clock != SENT]
    if opened and sent:
        one = max(opened, key=lambda c: c.row["response_p99_us"])
        other = time_of(sent[one.server].row, "response_p99_us")
        texts.append(
            f"In the open loop the 99th percentile of {server_name(one.server)} is "
            f"{time_of(one.row, 'response_p99_us')} from the intended moment and "
            f"{other} from the send; the second leaves out what a request waited for "
            "its turn."
        )
    return " ".join(text[0].upper() + text[1:] for text in texts)


def _unserved(run: Run, closed: list[Curve]) -> bool:
    """Whether a server starved clients of the closed loop and has no curve: it served nobody."""
    trials = candidates(run)
    hungry = trials[starved(trials) & (trials["load"] == CLOSED).to_numpy(dtype=bool)]
    return not set(hungry["server"]) <= {c.server for c in closed}


@remembered
def _curves(run: Run) -> list[Curve]:
    trials = chosen(run)
    found = []
    for load in (CLOSED, OPEN):
        mine = trials[trials["load"] == load]
        for server in in_order(mine["server"]):
            own = at(mine, server=server)
            for histogram, clock in _clocks(load):
                read = [details.counts(run, str(name), histogram) for name in own["trial"]]
                whole = [one for one in read if one is not None]
                if whole:
                    curve = _curve(server, load, clock, whole)
                    curve.row.update(_bounds(run, own, histogram))
                    found.append(curve)
    return found


def _bounds(run: Run, trials: pd.DataFrame, histogram: str) -> dict[str, bool]:
    """Which percentiles are lower bounds in any of these trials: all, where clients were starved,
    were it all of them, so that the trial has no time."""
    flags, rows = bounded(run), trials.index.to_numpy()
    own = {name: flags.get(name.replace("response", histogram, 1)) for name in SHOWN}
    hungry = bool(starved(trials).any())
    return {
        f"{n}{END}": hungry or (one is not None and bool(one[rows].any())) for n, one in own.items()
    }


def _clocks(load: str) -> list[tuple[str, str]]:
    if load == CLOSED:
        return [("response", "from the send to the answer")]
    return [("response", "from the intended moment"), ("service", SENT)]


def _curve(server: str, load: str, clock: str, parts: list[tuple[Floats, Floats]]) -> Curve:
    requests = int(sum(many.sum() for _, many in parts))
    each = requests / len(parts)
    us = np.concatenate([us for us, _ in parts])
    many = np.concatenate([many * (each / many.sum()) for _, many in parts])
    order = np.argsort(us, kind="stable")
    whole = us[order], many[order]
    single = np.vstack([_at(*part) for part in parts])
    counted = ~np.isnan(single).all(axis=0)
    low, high = (np.full(len(NINES), np.nan) for _ in range(2))
    low[counted] = np.nanmin(single[:, counted], axis=0)
    high[counted] = np.nanmax(single[:, counted], axis=0)
    shares = np.array(list(SHOWN.values())) / 100
    row = dict(zip(SHOWN, _percentiles(*whole, shares).tolist(), strict=True))
    return Curve(server, load, clock, _at(*whole), low, high, len(parts), requests, row)


def _at(us: Floats, many: Floats) -> Floats:
    """The durations over NINES, as far as requests were counted."""
    values = _percentiles(us, many, 1 - 10.0**-NINES)
    return np.where(10.0**-NINES * many.sum() >= 1, values, np.nan)


def _percentiles(us: Floats, many: Floats, shares: Floats) -> Floats:
    """The smallest durations that at least these shares of the requests did not exceed."""
    total = np.cumsum(many)
    ranks = np.maximum(1.0, np.ceil(shares * total[-1] - ROUNDING))
    found: Floats = us[np.searchsorted(total, (ranks - ROUNDING).clip(max=total[-1]))]
    return found


def _loads(run: Run) -> tuple[tuple[pd.DataFrame, str], ...]:
    """The trials of each kind of load, and what says how much load it is."""
    return (nothing_idle(run), "active_connections"), (open_loop(run), "rate_per_s")


def _shared(run: Run, every: pd.DataFrame, setting: str) -> pd.DataFrame:
    """The trials where most servers were asked and any left a histogram: were those that failed not
    counted, the figure would go where nobody did."""
    measured = at(details.among(run, every), valid=True)[setting]
    servers = every[every[setting].isin(measured)].groupby(setting)["server"].nunique()
    return at(every, **{setting: servers[servers == servers.max()].index.max()})


def _load(load: str) -> str:
    return "closed loop" if load == CLOSED else "open loop"


def _title(run: Run, load: str) -> str:
    trials = chosen(run)
    first = trials[trials["load"] == load].iloc[0]
    if load == CLOSED:
        return f"Closed loop, {count(first['active_connections'])} connections"
    return f"Open loop, {count(first['rate_per_s'])} requests/s"


def _series(run: Run, one: Curve) -> Series:
    """A curve with the band of single repeats; dashed and without it, if timed from the send."""
    sent = one.clock == SENT
    name = f"{server_name(one.server)}, {SENT}" if sent else server_name(one.server)
    kept = np.isfinite(one.us)
    colour = run_styles(run)[one.server].colour
    curve = Series(name, colour, NINES[kept], one.us[kept], bounds=_marks(one)[kept])
    if sent:
        return replace(curve, dash="dashed")
    return replace(curve, low=one.low[kept], high=one.high[kept], band=True)


def _marks(one: Curve) -> Flags:
    """The places of NINES nearest to those of SHOWN that are lower bounds."""
    marks = np.zeros(len(NINES), dtype=bool)
    last = int(np.flatnonzero(np.isfinite(one.us))[-1])
    for name, percent in SHOWN.items():
        if one.row[f"{name}{END}"]:
            nines = -np.log10(1 - percent / 100) if percent < 100 else np.inf
            marks[min(last, int(np.abs(NINES - min(nines, NINES[-1])).argmin()))] = True
    return marks


FIGURE = Figure(
    name="percentiles",
    title="Latency by percentile",
    question="How long are the unlucky ones made to wait, one in ten to one in 100,000?",
    order=42,
    chosen=chosen,
    table=table,
    chart=chart,
    reading=reading,
    candidates=candidates,
)
