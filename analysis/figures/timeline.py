"""One trial from its first connection to its last second, the kernel's counters beneath."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.charts.medians import RATE, numbers
from analysis.charts.model import Axis, Chart, Dash, Line, Panel, Series
from analysis.charts.palette import ALARM, INK, MUTED, run_styles
from analysis.figures import Figure
from analysis.outcomes.lower_bounds import bounded
from analysis.records import details
from analysis.records.run import Run, remembered
from analysis.wording import at_least, count, duration, number, plural, server_name
from contract.probe_question import OPEN, START

PHASES = {
    "connect_idle": "idle connect",
    "connect_active": "active connect",
    "company": "company",
    "warm_up": "warm-up",
    "window": "window",
}
COUNTERS: dict[str, tuple[str, str, Dash, str]] = {
    "listen_overflows": ("ListenOverflows", ALARM, "solid", "o"),
    "listen_drops": ("ListenDrops", INK, "dashed", "s"),
    "retransmits": ("RetransSegs", MUTED, "solid", "^"),
}
ROW_IN, SMALL = 1.7, 0.85
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


@remembered
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


@remembered
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


def chart(run: Run) -> Chart:
    """Phases, then the rate, then the counters, over one time axis."""
    story = _story(run)
    if story is None:
        raise ValueError("no trial of this run has a timeline")
    x, seconds = Axis("seconds from the opening of the window"), table(run)
    style = run_styles(run)[story.server]
    rates = numbers(seconds, RATE.name)
    rate = Series(
        *(server_name(story.server), style.colour),
        np.append(numbers(seconds, "from_s"), seconds["to_s"].iloc[-1]),
        np.append(rates, rates[-1]),
        steps=True,
    )
    at_s = numbers(story.kernel, "at_s")
    counters = [
        Series(
            *(label, colour, at_s, numbers(story.kernel, name)),
            marker=marker,
            dash=dash,
            steps=True,
            size=SMALL,
        )
        for name, (label, colour, dash, marker) in COUNTERS.items()
    ]
    opening = (Line(0, dash="solid"),)
    y, counted = Axis(log=False), "counted since the load began"
    return Chart(
        (
            Panel(x, y, "Requests per second", (rate,), opening, choice=RATE.label),
            Panel(x, y, f"Kernel, {counted}", tuple(counters), opening, choice=counted),
        ),
        stacked=True,
        height_in=ROW_IN,
        title=_title(run),
        phases=tuple((start, end, PHASES[name]) for name, start, end in story.phases),
    )


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
        opened = story.kernel.loc[story.kernel["label"] == OPEN, "listen_drops"]
        early = int(opened.iloc[0]) if len(opened) else 0
        return (
            f"{text}. The kernel dropped {plural(int(last['listen_drops']), 'SYN')}, "
            f"{count(early)} of them before the window opened; the longest wait in it is "
            f"{_longest(run)}."
        )
    return f"{text}. The kernel dropped nothing meanwhile."


def _longest(run: Run) -> str:
    """The longest wait of the trial. Its seconds have answers alone; what had none by the end, its
    row has."""
    trial, answered = chosen(run), float(table(run)["response_max_us"].max())
    flags = bounded(run).get("response_max_us")
    if flags is None or not flags[trial.index[0]]:
        return duration(answered)
    return at_least(duration(np.nanmax([float(trial["response_max_us"].iloc[0]), answered])))


@remembered
def _story(run: Run) -> Story | None:
    trials = chosen(run)
    if not len(trials):
        return None
    row = trials.iloc[0]
    trial = str(row["trial"])
    load, read = details.series(run, trial), details.samples(run, trial)
    if not len(load) or not len(read) or START not in set(read["label"]):
        return None
    start = read.index[read["label"] == START][0]
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


FIGURE = Figure(
    name="timeline",
    title="Timeline of a trial",
    question="What happens in a trial, and when does the kernel drop something?",
    order=80,
    chosen=chosen,
    table=table,
    chart=chart,
    reading=reading,
)
