"""Time to connect as a histogram: a lost SYN shows as a mode at whole seconds.

A SYN that met a full accept queue is sent again after the steps of the kernel's
ladder. They are marked where they fall: 1, 3, 7 seconds of old, and one more
second each for as many times as tcp_syn_linear_timeouts says since Linux 6.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.arrays import Floats
from analysis.charts.model import Axis, Chart, Line, Panel, Series
from analysis.charts.palette import KNOWN, SPARE, in_order, run_styles
from analysis.figures import Figure
from analysis.outcomes.lower_bounds import END, bounded
from analysis.records import details
from analysis.records.run import Run, remembered
from analysis.selection.trials import at, per_request
from analysis.wording import at_least, count, duration, known, server_name, share
from contract.sysctls import SYN_LINEAR

PER_DECADE = 8
EDGES = np.logspace(1, 8, 7 * PER_DECADE + 1)
"""10 us to 100 s, in microseconds."""
LATE_US = 500_000
"""Beyond this only a SYN that was sent again explains the wait: the first repeat is at 1 s."""
MOST = 8
ROW_IN = 0.72
LEAST = 0.6
"""Beginning of the axis of numbers: a single connection stands above it, and none below."""
INKS = [KNOWN[name].colour for name in ("iterative", "poll", "epoll_level")]
INKS += [style.colour for style in SPARE]
"""One for each row on the page, where a server has several."""
CLIENTS = {"active_connections": "clients", "idle_connections": "idle connections"}
"""Settings that are no part of a connection per request, and may differ within a run."""
STEPS = 6
"""Steps of the ladder that are shown."""


class Spread(NamedTuple):
    """The times to connect of a server with one backlog: connections by bin of EDGES,
    all repeats together, and the sum of those later than LATE_US; whether the longest is a lower
    bound. `beside` has the numbers of clients that differ within the run."""

    server: str
    backlog: float
    beside: dict[str, int]
    bins: Floats
    connects: int
    late: int
    p50_us: float
    max_us: float
    bounded: bool
    n: int


@remembered
def chosen(run: Run) -> pd.DataFrame:
    """Valid trials with a connection per request that left a histogram."""
    return at(details.among(run, per_request(run)), valid=True)


def table(run: Run) -> pd.DataFrame:
    """Connections, and how many of them had to wait for a SYN that was sent again."""
    rows = [
        {"server": s.server, "backlog": s.backlog, **s.beside, "trials": s.n,
         "connects": s.connects, "late": s.late, "late_share": s.late / s.connects,
         "connect_p50_us": s.p50_us, "connect_max_us": s.max_us, f"connect_max_us{END}": s.bounded}
        for s in _spreads(run)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def chart(run: Run) -> Chart:
    """A row per server, backlog and number of clients, the steps of the ladder dotted; all in one
    on the page."""
    found, steps = _spreads(run)[:MOST], _steps(run)
    most = max(float(one.bins.max()) for one in found)
    marked = f"; dotted, the SYN sent again after {_listed(steps)} s" if steps else ""
    ticks = tuple((float(n), duration(10.0**n)) for n in range(1, 9))
    x = Axis(
        f"time to connect, by number of connections{marked}",
        ticks=ticks,
        low=ticks[0][0],
        high=float(np.log10(_end(run))),
    )
    y = Axis(log=True, low=LEAST, high=most * 2)
    lines = tuple(Line(float(np.log10(second * 1e6))) for second in steps)
    panels = [
        Panel(x, y, _title(one), (_bins(run, one, ink),), lines, choice="connections")
        for one, ink in zip(found, INKS, strict=False)
    ]
    return Chart(tuple(panels), stacked=True, height_in=ROW_IN)


def reading(run: Run) -> str:
    """Who waited for a second SYN, and where the modes are."""
    left_out = len(_spreads(run)) - MOST
    if left_out <= 0:
        return _waits(run)
    return f"{_waits(run)} The picture has no room for {left_out:,} of them, which the table has."


def _waits(run: Run) -> str:
    found = _spreads(run)
    late = [one for one in found if one.late]
    if not late:
        slowest = max(found, key=lambda one: one.max_us)
        return (
            f"No connection had to send its SYN again: the slowest took "
            f"{_longest(slowest)}, to {_label(slowest)}."
        )
    worst = max(late, key=lambda one: one.late / one.connects)
    text = (
        f"To {_label(worst)}, {count(worst.late)} of {count(worst.connects)} connections "
        f"({share(worst.late / worst.connects)}) had to send their SYN again, and waited up to "
        f"{_longest(worst)} where half of them need {duration(worst.p50_us)} or less."
    )
    clean = [one for one in found if not one.late]
    if clean:
        return f"{text} To {_label(clean[-1])} none had to."
    return f"{text} Every one of these backlogs was too short for the clients."


@remembered
def _spreads(run: Run) -> list[Spread]:
    trials = chosen(run)
    varied = [name for name in CLIENTS if trials[name].nunique() > 1]
    found: list[Spread] = []
    for server in in_order(trials["server"]):
        mine = at(trials, server=server)
        for _, group in mine.groupby(["backlog", *varied], dropna=False):
            read = [details.counts(run, str(name), "connect") for name in group["trial"]]
            parts = [part for part in read if part is not None]
            if parts:
                beside = {name: int(group[name].iloc[0]) for name in varied}
                found.append(_spread(run, group, beside, parts))
    return found


def _longest(one: Spread) -> str:
    written = duration(one.max_us)
    return at_least(written) if one.bounded else written


def _spread(
    run: Run, trials: pd.DataFrame, beside: dict[str, int], parts: list[tuple[Floats, Floats]]
) -> Spread:
    us, many = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    bins, _ = np.histogram(us.clip(EDGES[0], EDGES[-1]), EDGES, weights=many)
    order = np.argsort(us)
    total = np.cumsum(many[order])
    median = us[order][np.searchsorted(total, total[-1] / 2)]
    bounds = bounded(run).get("connect_max_us")
    first = trials.iloc[0]
    return Spread(
        str(first["server"]),
        float(first["backlog"]),
        beside,
        bins,
        connects=int(total[-1]),
        late=int(many[us >= LATE_US].sum()),
        p50_us=float(median),
        max_us=float(us.max()),
        bounded=bounds is not None and bool(bounds[trials.index].any()),
        n=len(parts),
    )


def _bins(run: Run, one: Spread, ink: str) -> Series:
    """Connections by time; nothing where there are none."""
    many = np.append(np.where(one.bins > 0, one.bins, np.nan), np.nan)
    return Series(
        *(_label(one), run_styles(run)[one.server].colour, np.log10(EDGES), many),
        steps=True,
        filled=True,
        overlaid=ink,
    )


def _title(one: Spread) -> str:
    return f"{_label(one)}: {count(one.late)} knocked twice" if one.late else _label(one)


def _label(one: Spread) -> str:
    backlog = f"backlog {count(one.backlog)}" if known(one.backlog) else "backlog of its own"
    beside = [f"{count(many)} {CLIENTS[name]}" for name, many in one.beside.items()]
    return ", ".join([server_name(one.server), backlog, *beside])


def _end(run: Run) -> float:
    """The right edge in microseconds: the bin behind the longest wait."""
    longest = max(one.max_us for one in _spreads(run)[:MOST])
    return float(EDGES[min(len(EDGES) - 1, int(np.searchsorted(EDGES, longest)) + 2)])


def ladder(sysctls: Mapping[str, Any]) -> list[float]:
    """The moments at which an unanswered SYN is sent again, in seconds: TCP_TIMEOUT_INIT
    doubled each time, after so many linear steps of one second."""
    told = str(sysctls.get(SYN_LINEAR) or "0")
    linear = min(int(told[:STEPS]), STEPS) if told.isdecimal() else 0
    steps = [1.0] * linear + [2.0**n for n in range(STEPS)]
    return [float(second) for second in np.cumsum(steps)[:STEPS]]


def _steps(run: Run) -> list[float]:
    """Those of the ladder that the picture reaches."""
    return [second for second in ladder(run.manifest.sysctls) if second * 1e6 < _end(run)]


def _listed(steps: list[float]) -> str:
    return ", ".join(f"{step:g}" for step in steps)


FIGURE = Figure(
    name="connect_time",
    title="Time to connect",
    question="How long does it take to be let in, and who has to knock twice?",
    order=62,
    claims=(15, 16),
    chosen=chosen,
    table=table,
    chart=chart,
    reading=reading,
    candidates=per_request,
)
