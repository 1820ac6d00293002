"""An interface of readiness by itself, against the descriptors that it watches."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.arrays import Floats
from analysis.charts.medians import Metric, sweep
from analysis.charts.model import MICROSECONDS, Chart, Series
from analysis.charts.palette import KNOWN, MUTED, in_order
from analysis.charts.scale import Scale, scale_of
from analysis.claims.claim import load_claims
from analysis.figures import Figure
from analysis.records.run import Run
from analysis.selection.sweeps import without_clients
from analysis.selection.trials import at
from analysis.statistics.point_medians import with_words
from analysis.wording import TIMES, count, duration, listed, number, server_name
from contract.loads import WITHOUT_CLIENTS

X = "watched"
WAIT_US = "wait_us"
RING, WAIT = WITHOUT_CLIENTS
METRICS = ("requests_per_s", WAIT_US, "bare_us", "server_cpu_us_per_request")
DRAWN_AS = {"epoll": "epoll_level", "poll": "poll", "select": "select"}
"""The colours of the published curves."""


class Measure(NamedTuple):
    """A kind of trial, what it measures, what is watched, and the claim with published curves."""

    load: str
    metric: Metric
    title: str
    watched: str
    claim: int


PASSES = Metric(
    "requests_per_s", "passes per second, a token round N pipes", "passes per second", log=True
)
WAITS = Metric(WAIT_US, "one wait, one of N ready", "time of a wait", MICROSECONDS, log=True)
MEASURES = (
    Measure(RING, PASSES, "A token round N pipes", "pipes", 1),
    Measure(WAIT, WAITS, "One wait, one of N ready", "descriptors watched", 5),
)


def table(run: Run) -> pd.DataFrame:
    """Passes per second and the time of a wait, by server and descriptors watched."""
    return with_words(run, without_clients(run), ("load", "server", X), METRICS)


def chart(run: Run) -> Chart:
    """Both measures on logarithmic axes, beside the published curves."""
    panels = []
    for load, metric, title, watched, claim in MEASURES:
        trials = at(without_clients(run), load=load)
        if not len(trials):
            continue
        more = _published(claim, scale_of(trials[X]))
        if load == RING:
            more.append(_bare(trials))
        panels += [
            replace(panel, series=(*panel.series, *more))
            for panel in sweep(run, trials, X, watched, (), {metric: title})
        ]
    return Chart(tuple(panels))


def reading(run: Run) -> str:
    """How each measure changes from the fewest watched to the most."""
    points, sentences = table(run), []
    for load, metric, *_ in MEASURES:
        mine = at(points, load=load)
        told = [
            change
            for server in in_order(mine["server"])
            if (change := _change(at(mine, server=server), metric.name))
        ]
        if told and load == RING:
            sentences.append(f"From few pipes to many, passes a second became {listed(told)}.")
        elif told:
            sentences.append(f"One wait took {listed(told)}.")
    return " ".join(sentences)


def _change(mine: pd.DataFrame, metric: str) -> str:
    """From the fewest to the most that one server could watch; '' where it has one point."""
    measured = mine[np.isfinite(mine[metric])].sort_values(X)
    if len(measured) < 2:
        return ""
    first, last = measured.iloc[0], measured.iloc[-1]
    factor = f"{number(last[metric] / first[metric])}{TIMES}"
    name, few, many = server_name(str(first["server"])), count(first[X]), count(last[X])
    if metric == WAIT_US:
        return f"{duration(last[metric])} under {name} with {many}, {factor} that with {few}"
    return f"{factor} under {name} ({few} to {many})"


def _bare(trials: pd.DataFrame) -> Series:
    """The rate that reading and writing alone would give, whatever the interface."""
    valid = at(trials, valid=True)
    costs_us = valid.groupby(X)["bare_us"].median().dropna()
    rates: Floats = 1e6 / costs_us.to_numpy(dtype="float64")
    at_ = scale_of(trials[X]).places(costs_us.index)
    return Series("without any wait", MUTED, at_, rates, dash="dotted")


def _published(number_of_claim: int, scale: Scale) -> list[Series]:
    """The curves of the claim's source, not much beyond what this run reaches."""
    claim = load_claims().get(number_of_claim)
    found = []
    for curve in claim.published.curves if claim else ():
        x, y = np.array(curve.x), np.array(curve.y)
        shown = x <= 2 * scale.values[-1]
        label, colour = f"{curve.label}, published", KNOWN[DRAWN_AS[curve.label]].colour
        found.append(Series(label, colour, scale.places(x[shown]), y[shown], dash="dashed"))
    return found


FIGURE = Figure(
    name="readiness",
    title="The interface by itself",
    question="What does it cost to ask which of N descriptors is ready, when one of them is?",
    order=15,
    claims=(1, 5),
    chosen=without_clients,
    table=table,
    chart=chart,
    reading=reading,
)
