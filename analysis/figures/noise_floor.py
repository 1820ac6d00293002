"""The reference trials through the run: how much equal trials differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.charts.medians import COST, RATE, Metric, marks_of, numbers
from analysis.charts.model import Axis, Chart, Line, Panel, Series
from analysis.charts.palette import INK, run_styles
from analysis.figures import Figure
from analysis.records.run import Run, remembered
from analysis.statistics.noise_floor import noise_floor, references
from analysis.wording import plural, server_name, share

METRIC = RATE.name
SHOWN = ["block", "position", "server", METRIC, COST.name, "validity"]
HEIGHT_IN = 2.9
MARKED_UP_TO = 400
SMALL = 0.3
"""Share of the usual size of a marker, where there are more."""


@remembered
def chosen(run: Run) -> pd.DataFrame:
    """The reference trials, whatever their words."""
    return references(run.trials[[*SHOWN, "sweep", "measured"]])


def table(run: Run) -> pd.DataFrame:
    """The reference trials in the order of the run."""
    found = chosen(run)[SHOWN]
    return found.reset_index(drop=True) if found[METRIC].notna().any() else found.head(0)


def chart(run: Run) -> Chart:
    """Rate against the place in the run, with the band that holds 95% of equal trials; on the page
    their CPU time, too."""
    panels = (_panel(run, RATE), replace(_panel(run, COST), pictured=False))
    rates = panels[0].series[0].y
    noise = noise_floor(run.trials)
    if noise is None:
        return Chart(panels, height_in=HEIGHT_IN)
    middle = float(np.exp(np.nanmean(np.log(rates))))
    half = float(np.log1p(noise.floor) / np.sqrt(2))
    band = (middle * float(np.exp(-half)), middle * float(np.exp(half)))
    line = Line(middle, upright=False, colour=INK, dash="solid")
    return Chart((replace(panels[0], bands=(band,), lines=(line,)), panels[1]), height_in=HEIGHT_IN)


def reading(run: Run) -> str:
    """The floor in percent, and the drift."""
    noise = noise_floor(run.trials)
    found = chosen(run)
    if noise is None:
        return "Fewer than two measured reference trials: the noise of this run is not known."
    server = server_name(str(found["server"].iloc[0]))
    text = (
        f"{plural(noise.n, 'equal trial')} of {server} spread by {share(noise.spread)} (standard "
        f"deviation); two of them differ by less than {share(noise.floor)} in 19 of 20 cases."
    )
    if not np.isfinite(noise.drift):
        return f"{text} There are too few of them to tell a drift."
    change = f"{share(noise.drift_low)} to {share(noise.drift_high)} over the whole run"
    if noise.drifted:
        return (
            f"{text} The machine drifted ({change}): ratios are taken within blocks, but absolute "
            "figures of different blocks do not compare; run again on a quiet machine."
        )
    return f"{text} No drift can be told from noise ({change})."


def _panel(run: Run, metric: Metric) -> Panel:
    found = chosen(run)
    measured = found[found["measured"]]
    server = str(found["server"].iloc[0])
    style = run_styles(run)[server]
    series = Series(
        *(server_name(server), style.colour, numbers(measured, "position")),
        numbers(measured, metric.name),
        marks=marks_of(found[~found["measured"]], metric.name, "position"),
        marker=style.marker,
        size=1.0 if len(measured) <= MARKED_UP_TO else SMALL,
    )
    return Panel(
        Axis("place in the run (trial)"),
        Axis(metric.quantity, metric.unit),
        "Reference trials, first and last of every block",
        (series,),
        choice=metric.label,
    )


FIGURE = Figure(
    name="noise_floor",
    title="Noise floor",
    question="How much do equal trials differ on this machine (A/A)?",
    order=90,
    chosen=chosen,
    table=table,
    chart=chart,
    reading=reading,
)
