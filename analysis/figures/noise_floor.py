"""The reference trials through the run: how much equal trials differ."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.charts.drawing import hollow, panels, run_styles
from analysis.charts.interactive import Chart, Metric, line_of, numbers
from analysis.charts.palette import GRID, INK, PAPER
from analysis.charts.ticks import plain, tick_texts
from analysis.figures._idle import RUNS
from analysis.statistics.noise_floor import noise_floor, references
from analysis.wording import count, plural, server_name, share

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from analysis.records.run import Run

NAME = "noise_floor"
TITLE = "Noise floor"
QUESTION = "How much do equal trials differ on this machine (A/A)?"
ORDER = 90
CLAIMS: tuple[int, ...] = ()
METRIC = "requests_per_s"
SHOWN = ["block", "position", "server", METRIC, "server_cpu_us_per_request", "validity"]
MARKED_UP_TO = 400


def table(run: Run) -> pd.DataFrame:
    """The reference trials in the order of the run."""
    found = chosen(run)[SHOWN]
    return found.reset_index(drop=True) if found[METRIC].notna().any() else found.head(0)


def draw(run: Run) -> Figure:
    """Rate against the position in the run, with the band that holds 95% of equal trials."""
    found = chosen(run)
    figure, (axis,) = panels(["Reference trials, first and last of every block"], height=2.7)
    server = str(found["server"].iloc[0])
    look = run_styles(run)[server]
    valid = found[found["valid"]]
    x = valid["position"].to_numpy(dtype="float64")
    y = valid[METRIC].to_numpy(dtype="float64", na_value=np.nan)
    noise = noise_floor(run.trials)
    if noise is not None:
        middle = float(np.exp(np.nanmean(np.log(y))))
        half = float(np.log1p(noise.floor) / np.sqrt(2))
        axis.axhspan(middle * np.exp(-half), middle * np.exp(half), color=GRID, alpha=0.6, lw=0)
        axis.axhline(middle, color=INK, linewidth=1)
    marker = look.marker if len(x) <= MARKED_UP_TO else "None"
    axis.plot(x, y, color=look.colour, marker=marker, linewidth=1, markeredgecolor=PAPER)
    hollow(axis, found[~found["valid"]], "position", METRIC, look)
    axis.set_ylim(bottom=0)
    axis.set_xlabel("place in the run (trial)")
    axis.set_ylabel("requests per second")
    axis.yaxis.set_major_formatter(tick_texts(plain))
    return figure


@lru_cache(maxsize=RUNS)
def chosen(run: Run) -> pd.DataFrame:
    """The reference trials, void ones included."""
    return references(run.trials[[*SHOWN, "sweep", "valid"]])


def chart(run: Run) -> Chart | None:
    """Rate and cost of the reference trials over their place in the run."""
    found = chosen(run)
    valid, void = found[found["valid"]], found[~found["valid"]]
    server = str(found["server"].iloc[0])
    line = line_of(server, run_styles(run)[server], valid["position"].astype(float).tolist())
    metrics = [
        Metric(METRIC, "requests per second", log=False),
        Metric("server_cpu_us_per_request", "server CPU time per request", "us", log=False),
    ]
    for metric in metrics:
        values = numbers(valid[metric.name].to_numpy(dtype="float64", na_value=np.nan))
        line.values[metric.name] = [[value] for value in values]
        gone = numbers(void[metric.name].to_numpy(dtype="float64", na_value=np.nan))
        line.hollow[metric.name] = [
            [float(x), y] for x, y in zip(void["position"], gone, strict=True)
        ]
    ends = float(found["position"].min()), float(found["position"].max())
    ticks = [(float(round(x)), count(x)) for x in np.linspace(*ends, 7)]
    return Chart("place in the run (trial)", ticks, metrics, [line])


def reading(run: Run) -> str:
    """The floor in percent, and the drift."""
    noise = noise_floor(run.trials)
    found = chosen(run)
    if noise is None:
        return "Fewer than two valid reference trials: the noise of this run is not known."
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
