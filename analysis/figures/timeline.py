"""One trial from its first connection to its last second, the kernel's counters beneath."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.charts.drawing import RC, WIDTH_IN, legend, run_styles
from analysis.charts.interactive import Chart, Line, Metric, numbers
from analysis.charts.palette import ALARM, GRID, INK, MUTED, VARIABLES
from analysis.charts.ticks import plain, tick_texts
from analysis.figures._idle import RUNS
from analysis.records import details
from analysis.wording import count, duration, number, plural, server_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analysis.records.run import Run

NAME = "timeline"
TITLE = "Timeline of a trial"
QUESTION = "What happens in a trial, and when does the kernel drop something?"
ORDER = 80
CLAIMS: tuple[int, ...] = ()
PHASES = {
    "connect_idle": "idle connect",
    "connect_active": "active connect",
    "company": "company",
    "warm_up": "warm-up",
    "window": "window",
}
COUNTERS = {
    "listen_overflows": ("ListenOverflows", ALARM, "-", "o"),
    "listen_drops": ("ListenDrops", INK, (0, (3, 2)), "s"),
    "retransmits": ("RetransSegs", MUTED, "-", "^"),
}


SEEN, ROOM = 0.02, 0.08
"""Shares of the whole from which a phase is marked, and has room for its name."""
LATE_S = 0.05
"""The probe is asked a moment after the second that its sample belongs to."""


class Story(NamedTuple):
    """A trial: its phases as (name, from, to) in seconds from the opening of the window, its
    seconds of load, and the kernel's counters since the load began."""

    trial: str
    server: str
    phases: list[tuple[str, float, float]]
    load: pd.DataFrame
    kernel: pd.DataFrame


@lru_cache(maxsize=RUNS)
def chosen(run: Run) -> pd.DataFrame:
    """The one trial with most to see: the most SYNs dropped, else the longest window."""
    trials = details.among(run, run.trials[["valid", "listen_drops", "window_s"]])
    trials = trials[trials["valid"]]
    if not len(trials):
        return run.trials.head(0)
    drops = trials["listen_drops"].fillna(0)
    order = pd.DataFrame({"drops": drops.gt(0), "window": trials["window_s"], "many": drops})
    best = order.sort_values(["drops", "window", "many"], kind="stable").index[-1]
    return run.trials.loc[[best]]


@lru_cache(maxsize=RUNS)
def table(run: Run) -> pd.DataFrame:
    """Second by second: requests, response times and what the kernel had counted by its end."""
    story = _story(run)
    if story is None or not len(story.load):
        return pd.DataFrame()
    load, kernel = story.load, story.kernel
    rows = pd.DataFrame({"from_s": load["from_s"], "to_s": load["to_s"]})
    rows["requests_per_s"] = load["requests"] / (load["to_s"] - load["from_s"])
    for name in ("response_p50_us", "response_p99_us", "response_max_us"):
        rows[name] = pd.to_numeric(load[name])
    for name in COUNTERS:
        place = np.searchsorted(kernel["at_s"], load["to_s"] + LATE_S, side="right").clip(1) - 1
        rows[name] = kernel[name].to_numpy()[place]
    return rows


def draw(run: Run) -> Figure:
    """Phases, then the rate, then the counters, over one time axis."""
    story = _story(run)
    if story is None:
        raise ValueError("no trial of this run has a timeline")
    look = run_styles(run)[story.server]
    with rc_context(RC):
        figure = Figure(figsize=(WIDTH_IN, 4.6))
        made = figure.subplots(3, 1, sharex=True, height_ratios=[0.5, 1.5, 1.5])
        strip, rate, kernel = made
        titles = (_title(run), "Requests per second", "Kernel, counted since the load began")
        for axis, title in zip(made, titles, strict=True):
            axis.set_title(title)
            axis.tick_params(length=0, bottom=False, left=False)
    _strip(strip, story, look.colour)
    seconds = table(run)
    edges = [*seconds["from_s"], seconds["to_s"].iloc[-1]]
    rate.stairs(seconds["requests_per_s"], edges, color=look.colour, linewidth=2)
    rate.set_ylim(bottom=0)
    rate.yaxis.set_major_formatter(tick_texts(plain))
    for name, (label, colour, dash, marker) in COUNTERS.items():
        kernel.plot(
            story.kernel["at_s"],
            story.kernel[name],
            color=colour,
            linestyle=dash,
            marker=marker,
            markersize=5,
            drawstyle="steps-post",
            label=label,
        )
    kernel.set_ylim(bottom=0)
    kernel.set_xlabel("seconds from the opening of the window")
    for axis in (rate, kernel):
        axis.axvline(0, color=MUTED, linewidth=1)
    legend(figure, [kernel])
    return figure


def chart(run: Run) -> Chart | None:
    """The counters and the rate over the same time."""
    story = _story(run)
    if story is None:
        return None
    at = [float(f"{v:.4g}") for v in story.kernel["at_s"]]
    lines = []
    for name, (label, colour, dash, marker) in COUNTERS.items():
        style = "solid" if dash == "-" else "dashed"
        values = {"counters": [[v] for v in numbers(story.kernel[name].astype(float))]}
        lines.append(Line(label, VARIABLES[colour], marker, at, values, style))
    seconds, look = table(run), run_styles(run)[story.server]
    middles = ((seconds["from_s"] + seconds["to_s"]) / 2).round(4).tolist()
    rate = {"rate": [[v] for v in numbers(seconds["requests_per_s"])]}
    lines.append(
        Line(server_name(story.server), VARIABLES[look.colour], look.marker, middles, rate)
    )
    whole = story.phases[-1][2] - story.phases[0][1]
    marks = [
        (round(start, 4), PHASES[name])
        for name, start, end in story.phases
        if (end - start) / whole > SEEN
    ]
    first, last = min(at[0], marks[0][0]), max(at[-1], middles[-1])
    ticks = [(float(v), f"{v:g}") for v in MaxNLocator(8).tick_values(first, last)]
    metrics = [
        Metric("counters", "counted since the load began", log=False),
        Metric("rate", "requests per second", log=False),
    ]
    return Chart("seconds from the opening of the window", ticks, metrics, lines, marks)


def reading(run: Run) -> str:
    """How long the trial took to get ready, and what the kernel dropped in it."""
    story = _story(run)
    if story is None:
        return "No trial of this run has a timeline."
    ready = sum(end - start for name, start, end in story.phases if name != "window")
    row = chosen(run).iloc[0]
    text = (
        f"{server_name(story.server)} with {count(row['active_connections'])} active and "
        f"{count(row['idle_connections'])} idle connections: after {number(ready)} s of connecting "
        f"and warm-up, {number(row['window_s'])} s are measured"
    )
    last = story.kernel.iloc[-1]
    if last["listen_drops"]:
        opened = story.kernel.loc[story.kernel["label"] == "open", "listen_drops"]
        early = int(opened.iloc[0]) if len(opened) else 0
        return (
            f"{text}. The kernel dropped {plural(int(last['listen_drops']), 'SYN')}, "
            f"{count(early)} of them before the window opened; the longest wait in it is "
            f"{duration(table(run)['response_max_us'].max())}."
        )
    return f"{text}. The kernel dropped nothing meanwhile."


@lru_cache(maxsize=RUNS)
def _story(run: Run) -> Story | None:
    trials = chosen(run)
    if not len(trials):
        return None
    row = trials.iloc[0]
    trial = str(row["trial"])
    load, read = details.series(run, trial), details.samples(run, trial)
    if not len(load) or not len(read) or "start" not in set(read["label"]):
        return None
    start = read.index[read["label"] == "start"][0]
    kernel = read.loc[start:].reset_index(drop=True)
    names = list(COUNTERS)
    kernel[names] = kernel[names] - kernel.loc[0, names]
    return Story(trial, str(row["server"]), _phases(run, trial), load, kernel)


def _title(run: Run) -> str:
    row = chosen(run).iloc[0]
    text = f"{server_name(str(row['server']))}, {count(row['active_connections'])} active"
    if row["load"] == "connection_per_request":
        return f"{text}, a connection per request, backlog {count(row['backlog'])}"
    return f"{text}, {count(row['idle_connections'])} idle connections"


def _phases(run: Run, trial: str) -> list[tuple[str, float, float]]:
    """Backwards and forwards from the opening of the window, by the recorded durations."""
    lasted = details.details(run, trial).phases_s
    names = [name for name in PHASES if name in lasted]
    before = sum(float(lasted[name]) for name in names if name != "window")
    found, at_s = [], -before
    for name in names:
        found.append((name, at_s, at_s + float(lasted[name])))
        at_s += float(lasted[name])
    return found


def _strip(axis: Axes, story: Story, colour: str) -> None:
    whole = story.phases[-1][2] - story.phases[0][1] if story.phases else 1.0
    for place, (name, start, end) in enumerate(story.phases):
        shade = colour if name == "window" else GRID
        axis.barh(0, end - start, left=start, color=shade, alpha=0.35 if shade == colour else 1)
        if (end - start) / whole > ROOM:
            axis.text(
                (start + end) / 2,
                0,
                PHASES[name],
                ha="center",
                va="center",
                fontsize=8.5,
                color=INK,
            )
        elif place and end > start:
            axis.axvline(start, color=MUTED, linewidth=0.6)
    axis.set_yticks([])
    axis.grid(visible=False)
    axis.spines["left"].set_visible(False)
