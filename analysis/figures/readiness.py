"""An interface of readiness by itself, against the descriptors that it watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedLocator, NullLocator

from analysis.charts.drawing import hollow, label_of, legend, panels, run_styles, series, value_axis
from analysis.charts.interactive import Chart, Line, Metric, place, sweep
from analysis.charts.palette import KNOWN, MUTED, VARIABLES, in_order
from analysis.charts.ticks import tick_texts, whole
from analysis.claims.claim import load_claims
from analysis.selection.trials import alike, at, plain
from analysis.statistics.point_medians import with_void
from analysis.wording import TIMES, count, duration, listed, number, server_name
from contract.loads import WITHOUT_CLIENTS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analysis.claims.claim import Curve
    from analysis.records.run import Run

NAME = "readiness"
TITLE = "The interface by itself"
QUESTION = "What does it cost to ask which of N descriptors is ready, when one of them is?"
ORDER = 15
CLAIMS = (1, 5)
X = "watched"
WAIT_US = "wait_us"
RING, WAIT = WITHOUT_CLIENTS
PANELS = (
    (RING, "requests_per_s", "A token round N pipes", "pipes", "passes per second", 1),
    (WAIT, WAIT_US, "One wait, one of N ready", "descriptors watched", "microseconds", 5),
)
METRICS = ("requests_per_s", WAIT_US, "bare_us", "server_cpu_us_per_request")
METRIC_OF = {
    RING: (Metric("requests_per_s", "passes per second, a token round N pipes"),),
    WAIT: (Metric(WAIT_US, "one wait, one of N ready", "us"),),
}
DRAWN_AS = {"epoll": "epoll_level", "poll": "poll", "select": "select"}
"""The colours of the published curves."""


def table(run: Run) -> pd.DataFrame:
    """Passes per second and the time of a wait, by server and descriptors watched."""
    return with_void(run, chosen(run), ("load", "server", X), METRICS)


def draw(run: Run) -> Figure:
    """Both measures on logarithmic axes, beside the published curves."""
    trials, points = chosen(run), table(run)
    present = [panel for panel in PANELS if panel[0] in set(points["load"])]
    figure, axes = panels([title for _, _, title, *_ in present])
    looks = run_styles(run)
    for axis, (load, metric, _, across, up, claim) in zip(axes, present, strict=True):
        mine, void = at(points, load=load), at(trials[~trials["valid"]], load=load)
        for server in in_order(mine["server"]):
            of_server = at(mine, server=server)
            series(axis, of_server, X, metric, looks[server], label_of(server))
            hollow(axis, at(void, server=server), X, metric, looks[server])
        if load == RING:
            _bare(axis, mine)
        _published(axis, claim, float(mine[X].max()))
        _watched_axis(axis, mine[X].unique(), across)
        value_axis(axis, up, log=True)
    legend(figure, axes)
    return figure


def chart(run: Run) -> Chart | None:
    """Both measures, a line for each server and the published curves, by descriptors watched."""
    found: Chart | None = None
    for load, _, _, _, _, claim in PANELS:
        mine = CHOSEN[load](run)
        part = sweep(run, CHOSEN[load], X, "descriptors watched", METRIC_OF[load])
        if part is None:
            continue
        part.lines += _published_lines(claim, METRIC_OF[load][0], mine)
        if found is None:
            found = part
        else:
            found.metrics += part.metrics
            found.lines += part.lines
    return found


def reading(run: Run) -> str:
    """How each measure changes from the fewest watched to the most."""
    points, sentences = table(run), []
    for load, metric, *_ in PANELS:
        mine = at(points, load=load)
        told = [
            change
            for server in in_order(mine["server"])
            if (change := _change(at(mine, server=server), metric))
        ]
        if told and load == RING:
            sentences.append(f"From few pipes to many, passes a second became {listed(told)}.")
        elif told:
            sentences.append(f"One wait took {listed(told)}.")
    return " ".join(sentences)


def chosen(run: Run) -> pd.DataFrame:
    """The trials without clients; void ones included."""
    trials = plain(run)
    return alike(trials[trials["load"].isin(WITHOUT_CLIENTS)])


def _ring(run: Run) -> pd.DataFrame:
    return at(chosen(run), load=RING)


def _wait(run: Run) -> pd.DataFrame:
    return at(chosen(run), load=WAIT)


CHOSEN = {RING: _ring, WAIT: _wait}


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


def _bare(axis: Axes, mine: pd.DataFrame) -> None:
    """The rate that reading and writing alone would give, whatever the interface."""
    costs = mine.groupby(X)["bare_us"].median().dropna()
    axis.plot(
        costs.index, 1e6 / costs, color=MUTED, linestyle=(0, (1, 2)), label="without any wait"
    )


def _published(axis: Axes, number_of_claim: int, most: float) -> None:
    """The curves of the claim's source, not much beyond what this run reaches, thin and dashed."""
    for curve, shown in _curves(number_of_claim, most):
        axis.plot(
            [x for x, _ in shown],
            [y for _, y in shown],
            color=KNOWN[DRAWN_AS[curve.label]].colour,
            linestyle=(0, (4, 3)),
            linewidth=1.2,
            label=f"{curve.label}, published",
        )


def _published_lines(number_of_claim: int, metric: Metric, mine: pd.DataFrame) -> list[Line]:
    """The same curves for the chart, where the smallest number watched stands at 1."""
    first = float(mine[X].min())
    return [
        Line(
            f"{curve.label}, published",
            VARIABLES[KNOWN[DRAWN_AS[curve.label]].colour],
            "o",
            [place(x, first) for x, _ in shown],
            {metric.name: [[y] for _, y in shown]},
            "dashed",
            plain=True,
        )
        for curve, shown in _curves(number_of_claim, float(mine[X].max()))
    ]


def _curves(number_of_claim: int, most: float) -> list[tuple[Curve, list[tuple[float, float]]]]:
    claim = load_claims().get(number_of_claim)
    return [
        (curve, [(x, y) for x, y in zip(curve.x, curve.y, strict=True) if x <= 2 * most])
        for curve in (claim.published.curves if claim else [])
    ]


def _watched_axis(axis: Axes, values: np.ndarray, label: str) -> None:
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(FixedLocator([float(value) for value in values]))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(tick_texts(whole))
    axis.set_xlabel(label)
