"""The picture of a trend: a panel per metric, a line per server, the runs from left to right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from analysis.charts.drawing import label_of, legend, panels, series
from analysis.charts.palette import INK, in_order, styles
from analysis.charts.ticks import tick_texts, times
from analysis.compare.metrics import METRICS
from analysis.history.trend import SHOWN

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analysis.history.trend import Trend

TICKS = (0.1, 0.2, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.5, 2.0, 5.0, 10.0)
LEAST_REACH = 1.15
HEIGHT_IN = 4.2
MOST_LABELS = 12


def picture(trend: Trend) -> Figure:
    """Every server's ratio to the first run, with its interval."""
    figure, axes = panels([METRICS[name].title for name in SHOWN], height=HEIGHT_IN)
    places = {run: place for place, run in enumerate(trend.runs["run"])}
    looks = styles(trend.figures["server"].unique())
    for axis, metric in zip(axes, SHOWN, strict=True):
        mine = trend.figures[trend.figures["metric"] == metric]
        columns = {"ratio": metric, "low": f"{metric}_low", "high": f"{metric}_high"}
        table = mine.rename(columns=columns).assign(place=mine["run"].map(places))
        for server in in_order(table["server"]):
            shown = table[table["server"] == server]
            series(axis, shown, "place", metric, looks[server], label_of(server))
        axis.axhline(1, color=INK, linewidth=1)
        _run_axis(axis, list(places))
        _ratio_axis(axis, mine["ratio"].to_numpy(dtype="float64"))
    axes[0].set_ylabel("beside the first run")
    legend(figure, axes)
    return figure


def _run_axis(axis: Axes, runs: list[str]) -> None:
    step = -(-len(runs) // MOST_LABELS)
    shown = range(0, len(runs), step)
    axis.set_xticks(list(shown), [runs[place] for place in shown], rotation=60, ha="right")
    axis.tick_params(axis="x", labelsize=7.5)
    axis.set_xlim(-0.4, len(runs) - 0.6)


def _ratio_axis(axis: Axes, ratios: np.ndarray) -> None:
    """Logarithmic around 1, as far as the ratios reach; intervals may be cut off."""
    known = ratios[np.isfinite(ratios)]
    furthest = float(np.exp(np.abs(np.log(known)).max())) if len(known) else 1.0
    reach = max(furthest * 1.1, LEAST_REACH)
    axis.set_yscale("log")
    axis.set_ylim(1 / reach, reach)
    axis.yaxis.set_major_locator(FixedLocator([t for t in TICKS if 1 / reach <= t <= reach]))
    axis.yaxis.set_major_formatter(tick_texts(times))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_minor_formatter(NullFormatter())
