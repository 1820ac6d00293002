"""The picture of a trend: a panel per metric, a line per server, the runs from left to right."""

from __future__ import annotations

import numpy as np

from analysis.charts.medians import series
from analysis.charts.model import RATIO, Axis, Chart, Line, Panel, Series
from analysis.charts.palette import INK, in_order, styles
from analysis.compare.metrics import METRICS
from analysis.history.trend import Trend
from analysis.history.trend_figures import SHOWN
from analysis.outcomes.lower_bounds import END
from analysis.wording import server_name

TICKS = (0.1, 0.2, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.5, 2.0, 5.0, 10.0)
LEAST_REACH = 1.15
FAR = 1e6
"""The end of an interval that has none, as a factor."""
HEIGHT_IN = 4.2


def picture(trend: Trend) -> Chart:
    """Every server's ratio to the first run, with its interval."""
    runs = list(trend.runs["run"])
    x = Axis(
        ticks=tuple((float(place), run) for place, run in enumerate(runs)),
        low=-0.4,
        high=len(runs) - 0.6,
        slanted=True,
    )
    y = _ratio_axis(trend.figures["ratio"].to_numpy(dtype="float64"))
    first = Line(1, upright=False, colour=INK, dash="solid")
    panels = [
        Panel(x, y, METRICS[metric].title, _series(trend, metric), (first,)) for metric in SHOWN
    ]
    return Chart(tuple(panels), height_in=HEIGHT_IN)


def _series(trend: Trend, metric: str) -> tuple[Series, ...]:
    """A line per server; `ratio` has its interval in `low` and `high`, drawn out of the panel where
    lower bounds leave it open. An arrow says that the ratio is at least so much."""
    table = trend.figures[trend.figures["metric"] == metric]
    low, ratio, high = (table[name].to_numpy(dtype="float64") for name in ("low", "ratio", "high"))
    table = table.assign(
        ratio_low=np.where(low == 0, ratio / FAR, low),
        ratio_high=np.where(np.isposinf(high), ratio * FAR, high),
        **{f"ratio{END}": np.isposinf(high) & (low > 0)},
    )
    places = {run: float(place) for place, run in enumerate(trend.runs["run"])}
    looks = styles(trend.figures["server"].unique())
    lines = []
    for server in in_order(table["server"]):
        mine = table[table["server"] == server]
        at = mine["run"].map(places).to_numpy(dtype="float64")
        lines.append(series(mine, "ratio", at, looks[server], server_name(server)))
    return tuple(lines)


def _ratio_axis(ratios: np.ndarray) -> Axis:
    """Logarithmic around 1, as far as the ratios reach; intervals may be cut off."""
    known = ratios[np.isfinite(ratios)]
    furthest = float(np.exp(np.abs(np.log(known)).max())) if len(known) else 1.0
    reach = max(furthest * 1.1, LEAST_REACH)
    return Axis(
        "beside the first run",
        RATIO,
        log=True,
        ticks=tuple((t, RATIO.text(t)) for t in TICKS if 1 / reach <= t <= reach),
        low=1 / reach,
        high=reach,
    )
