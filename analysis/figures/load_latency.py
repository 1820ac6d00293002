"""Throughput against latency as the load rises: where more load buys only waiting."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from analysis.charts.drawing import hollow, label_of, legend, panels, run_styles, value_axis
from analysis.charts.interactive import MEDIAN, P90, P99, P999, Chart, intervals, line_of
from analysis.charts.palette import PAPER, in_order
from analysis.charts.ticks import plain, tick_texts
from analysis.figures import _rising
from analysis.figures._idle import RUNS, void_at
from analysis.selection.blocks import paired_ratio
from analysis.selection.trials import at, nothing_idle
from analysis.statistics.extremes import widened
from analysis.statistics.point_medians import with_void
from analysis.wording import count, duration, interval, listed, number, server_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analysis.charts.palette import Style
    from analysis.records.run import Run

NAME = "load_latency"
TITLE = "Throughput against latency"
QUESTION = "What does more load buy, more answers or only longer waits?"
ORDER = 44
CLAIMS: tuple[int, ...] = ()
RATE, TAIL, MIDDLE = "requests_per_s", "response_p99_us", "response_p50_us"
METRICS = (TAIL, MIDDLE, "response_p90_us", "response_p999_us")
CLOSED, OPEN = "active_connections", _rising.X
LEVELS = 2


def _axis(run: Run) -> str:
    """What raises the load: the rate of an open loop if the run varies it, else the number
    of active connections."""
    return OPEN if len(_rising.chosen(run)) else CLOSED


@lru_cache(maxsize=RUNS)
def chosen(run: Run) -> pd.DataFrame:
    """The trials of servers that met several loads; void ones included."""
    if _axis(run) == OPEN:
        return _rising.chosen(run)
    trials = nothing_idle(run)
    levels = trials[trials["valid"]].groupby("server", observed=True)[CLOSED].nunique()
    return trials[trials["server"].isin(levels.index[levels >= LEVELS])]


@lru_cache(maxsize=RUNS)
def table(run: Run) -> pd.DataFrame:
    """Rate and response times by server and load, in the order of rising load."""
    return with_void(run, chosen(run), ("server", _axis(run)), (RATE, *METRICS))


def draw(run: Run) -> Figure:
    """The 99th percentile and the median over the rate; a server's points are joined in the
    order of rising load, its intervals drawn both ways."""
    trials, points = chosen(run), table(run)
    figure, axes = panels(["99th percentile", "Median"])
    looks = run_styles(run)
    for axis, metric in zip(axes, (TAIL, MIDDLE), strict=True):
        for server in in_order(points["server"]):
            _path(axis, points[points["server"] == server], metric, looks[server], server)
            void = void_at(trials, server)
            hollow(axis, void[void[RATE].notna()], RATE, metric, looks[server])
        axis.set_yscale("log")
        axis.set_xlabel("requests per second")
        axis.set_xlim(left=0)
        axis.xaxis.set_major_formatter(tick_texts(plain))
        value_axis(axis, "response time" if axis is axes[0] else "", duration, log=True)
    legend(figure, axes)
    return figure


def chart(run: Run) -> Chart | None:
    """The same paths, with all percentiles to choose from."""
    points, looks = table(run), run_styles(run)
    lines = []
    for server in in_order(points["server"]):
        mine = points[(points["server"] == server) & points[RATE].notna()]
        line = line_of(server, looks[server], [float(f"{v:.4g}") for v in mine[RATE]])
        line.values = {name: intervals(mine, name) for name in METRICS}
        lines.append(line)
    ticks = [
        (float(v), number(v))
        for v in MaxNLocator(6).tick_values(points[RATE].min(), points[RATE].max())
    ]
    return Chart("requests per second", ticks, [P99, MEDIAN, P90, P999], lines)


def reading(run: Run) -> str:
    """What the last step of load bought, for the server that gained least."""
    points, x = table(run), _axis(run)
    steps = []
    for server in in_order(points["server"]):
        mine = points[(points["server"] == server) & points[RATE].notna()].sort_values(x)
        if len(mine) > 1:
            first, last = mine.iloc[0], mine.iloc[-1]
            gain = float(last[RATE] / first[RATE])
            steps.append((gain, float(last[TAIL] / first[TAIL]), server, first, last))
    if not steps:
        return f"No server has valid trials under two loads. {_left_out(run, x)}".strip()
    gain, wait, server, first, last = min(steps, key=lambda step: step[0])
    mine = at(chosen(run), valid=True, server=server)
    low, high = at(mine, **{x: first[x]}), at(mine, **{x: last[x]})
    bought = widened(paired_ratio(high, low, RATE), len(steps))
    ends = interval(bought.low, bought.high, "x")
    gained = f"{number(bought.value if bought.n else gain)} times{f' ({ends})' if ends else ''}"
    what = "requests asked for a second" if x == OPEN else "active connections"
    text = (
        f"From {count(first[x])} to {count(last[x])} {what}, {server_name(server)} answers "
        f"{gained} as many requests and its 99th percentile is {number(wait)} times "
        f"as long ({duration(last[TAIL])})."
    )
    text = " ".join(filter(None, [text, _left_out(run, x)]))
    if x == OPEN:
        return f"{text} A path that turns upwards has found what the server can do."
    return (
        f"{text} In a closed loop the clients wait for their answers, so once the server is busy "
        "each further connection only queues."
    )


def _left_out(run: Run, x: str) -> str:
    """Servers that were asked under several loads and have valid trials under too few of them."""
    if x == OPEN:
        return ""
    trials = nothing_idle(run)
    asked = trials.groupby("server", observed=True)[CLOSED].nunique()
    shown = set(chosen(run)["server"].unique())
    gone = [server_name(s) for s in in_order(asked.index[asked >= LEVELS]) if s not in shown]
    if not gone:
        return ""
    verb = "is" if len(gone) == 1 else "are"
    text = f"{listed(gone)} {verb} not shown: valid under fewer than {LEVELS} loads."
    return text[:1].upper() + text[1:]


def _path(axis: Axes, mine: pd.DataFrame, metric: str, style: Style, server: str) -> None:
    shown = mine[mine[metric].notna() & mine[RATE].notna()]
    if not len(shown):
        return
    x, y = (shown[name].to_numpy(dtype="float64") for name in (RATE, metric))
    axis.errorbar(
        x,
        y,
        xerr=_ends(shown, RATE, x),
        yerr=_ends(shown, metric, y),
        color=style.colour,
        marker=style.marker,
        markeredgecolor=PAPER,
        markeredgewidth=0.7,
        elinewidth=1.0,
        label=label_of(server),
    )


def _ends(shown: pd.DataFrame, name: str, middle: np.ndarray) -> np.ndarray:
    low, high = (shown[f"{name}_{end}"].to_numpy(dtype="float64") for end in ("low", "high"))
    return np.vstack([np.nan_to_num(middle - low).clip(0), np.nan_to_num(high - middle).clip(0)])
