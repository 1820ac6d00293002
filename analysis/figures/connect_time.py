"""Time to connect as a histogram: a lost SYN shows as a mode at whole seconds.

A SYN that met a full accept queue is sent again after the steps of the kernel's
ladder. They are marked where they fall: 1, 3, 7 seconds of old, and one more
second each for as many times as tcp_syn_linear_timeouts says since Linux 6.5.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

from analysis.charts.drawing import label_of, run_styles, stacked
from analysis.charts.interactive import Chart, Metric, line_of
from analysis.charts.palette import INK, KNOWN, MUTED, SPARE, VARIABLES, in_order
from analysis.charts.ticks import plain, seconds, tick_texts
from analysis.figures._idle import RUNS
from analysis.records import details
from analysis.selection.trials import at, per_request
from analysis.wording import count, duration, known, server_name, share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from analysis.records.details import Floats
    from analysis.records.run import Run

NAME = "connect_time"
TITLE = "Time to connect"
QUESTION = "How long does it take to be let in, and who has to knock twice?"
ORDER = 62
CLAIMS = (15, 16)
PER_DECADE = 8
EDGES = np.logspace(1, 8, 7 * PER_DECADE + 1)
"""10 us to 100 s, in microseconds."""
LATE_US = 500_000
"""Beyond this only a SYN that was sent again explains the wait: the first repeat is at 1 s."""
MOST = 8
ROW_IN = 0.72
LEAST = 0.6
"""Of the axis of numbers: a single connection stands above it, and none below."""
INKS = [KNOWN[name].colour for name in ("iterative", "poll", "epoll_level")]
INKS += [style.colour for style in SPARE]
"""One for each backlog in the chart to explore, where a server has several."""
SYSCTL = "net/ipv4/tcp_syn_linear_timeouts"


class Spread(NamedTuple):
    """The times to connect of a server with one backlog: connections by bin of EDGES,
    all repeats together, and the sum of those later than LATE_US."""

    server: str
    backlog: float
    bins: Floats
    connects: int
    late: int
    p50_us: float
    max_us: float
    n: int


@lru_cache(maxsize=RUNS)
def chosen(run: Run) -> pd.DataFrame:
    """Valid trials with a connection per request that left a histogram."""
    return at(details.among(run, per_request(run)), valid=True)


def table(run: Run) -> pd.DataFrame:
    """Connections, and how many of them had to wait for a SYN that was sent again."""
    rows = [
        {"server": s.server, "backlog": s.backlog, "n": s.n, "connects": s.connects,
         "late": s.late, "late_share": s.late / s.connects, "connect_p50_us": s.p50_us,
         "connect_max_us": s.max_us}
        for s in _spreads(run)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def draw(run: Run) -> Figure:
    """A row per server and backlog, both axes logarithmic, the steps of the ladder dotted."""
    found, looks, steps = _spreads(run), run_styles(run), _steps(run)
    figure, rows = stacked([_label(one) for one in found], ROW_IN)
    most = max(one.bins.max() for one in found)
    rows[0].set_xscale("log")  # the rows share it
    rows[0].set_xlim(EDGES[0] / 1e6, _end(run) / 1e6)
    for axis, one in zip(rows, found, strict=True):
        axis.set_yscale("log")
        colour = looks[one.server].colour
        axis.stairs(one.bins, EDGES / 1e6, baseline=LEAST / 2, fill=True, color=colour)
        axis.set_ylim(LEAST, most * 2)
        for second in steps:
            axis.axvline(second, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
        axis.yaxis.set_major_locator(LogLocator(base=10, numticks=4))
        axis.yaxis.set_major_formatter(tick_texts(plain))
        axis.yaxis.set_minor_locator(NullLocator())
        if one.late:
            said = f"{count(one.late)} knocked twice"
            where = (0.9, 0.78)
            axis.annotate(
                said, where, xycoords=("data", "axes fraction"), ha="right", color=INK, fontsize=8.5
            )
    last = rows[-1]
    last.xaxis.set_major_locator(FixedLocator([10.0**n for n in range(-5, 3)]))
    last.xaxis.set_major_formatter(tick_texts(seconds))
    last.xaxis.set_minor_locator(NullLocator())
    said = ", ".join(f"{s:g}" for s in steps)
    marked = f"; dotted, the SYN sent again after {said} s" if steps else ""
    last.set_xlabel(f"time to connect, by number of connections{marked}")
    return figure


def chart(run: Run) -> Chart | None:
    """The same bins as lines; the x axis is logarithmic."""
    middles = np.log10(np.sqrt(EDGES[1:] * EDGES[:-1])).round(4).tolist()
    looks = run_styles(run)
    lines = []
    for one, ink in zip(_spreads(run), INKS, strict=False):
        line = line_of(one.server, looks[one.server], middles)
        line.label, line.colour, line.broken = _label(one), VARIABLES[ink], True
        line.values = {"connects": [[float(many) if many else None] for many in one.bins]}
        lines.append(line)
    ticks = [(float(n), duration(10.0**n)) for n in range(1, 9)]
    marks = [(float(np.log10(s * 1e6)), f"{s:g} s") for s in _steps(run)]
    return Chart("time to connect", ticks, [Metric("connects", "connections")], lines, marks)


def reading(run: Run) -> str:
    """Who waited for a second SYN, and where the modes are."""
    found = _spreads(run)
    late = [one for one in found if one.late]
    if not late:
        slowest = max(found, key=lambda one: one.max_us)
        return (
            f"No connection had to send its SYN again: the slowest took "
            f"{duration(slowest.max_us)}, to {_label(slowest)}."
        )
    worst = max(late, key=lambda one: one.late / one.connects)
    text = (
        f"To {_label(worst)}, {count(worst.late)} of {count(worst.connects)} connections "
        f"({share(worst.late / worst.connects)}) had to send their SYN again, and waited up to "
        f"{duration(worst.max_us)} where half of them need {duration(worst.p50_us)} or less."
    )
    clean = [one for one in found if not one.late]
    if clean:
        return f"{text} To {_label(clean[-1])} none had to."
    return f"{text} Every one of these backlogs was too short for the clients."


@lru_cache(maxsize=RUNS)
def _spreads(run: Run) -> list[Spread]:
    trials = chosen(run)
    found: list[Spread] = []
    for server in in_order(trials["server"]):
        mine = at(trials, server=server)
        for _, group in mine.groupby("backlog", dropna=False):
            read = [details.counts(run, str(name), "connect") for name in group["trial"]]
            parts = [part for part in read if part is not None]
            if parts:
                us, many = (np.concatenate(columns) for columns in zip(*parts, strict=True))
                found.append(_spread(server, float(group["backlog"].iloc[0]), us, many, len(parts)))
    return found[:MOST]


def _spread(server: str, backlog: float, us: Floats, many: Floats, n: int) -> Spread:
    bins, _ = np.histogram(us.clip(EDGES[0], EDGES[-1]), EDGES, weights=many)
    order = np.argsort(us)
    total = np.cumsum(many[order])
    median = us[order][np.searchsorted(total, total[-1] / 2)]
    late = int(many[us >= LATE_US].sum())
    return Spread(server, backlog, bins, int(total[-1]), late, float(median), float(us.max()), n)


def _label(one: Spread) -> str:
    if not known(one.backlog):
        return f"{label_of(one.server)}, backlog of its own"
    return f"{server_name(one.server)}, backlog {count(one.backlog)}"


def _end(run: Run) -> float:
    """The right edge in microseconds: the bin behind the longest wait."""
    longest = max(one.max_us for one in _spreads(run))
    return float(EDGES[min(len(EDGES) - 1, int(np.searchsorted(EDGES, longest)) + 2)])


def ladder(sysctls: Mapping[str, Any]) -> list[float]:
    """The moments at which an unanswered SYN is sent again, in seconds: TCP_TIMEOUT_INIT
    doubled each time, after so many linear steps of one second."""
    told = str(sysctls.get(SYSCTL) or "0")
    steps = [1.0] * (int(told) if told.isdecimal() else 0) + [2.0**n for n in range(7)]
    return [float(second) for second in np.cumsum(steps)[:6]]


def _steps(run: Run) -> list[float]:
    """Those of the ladder that the picture reaches."""
    return [second for second in ladder(run.manifest.sysctls) if second * 1e6 < _end(run)]
