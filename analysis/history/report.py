"""A trend as files: `history.html`, `history.md` and `history.csv`, with its picture."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from analysis import wording
from analysis.charts.drawing import label_of, legend, panels, series
from analysis.charts.palette import INK, css_variables, in_order, styles
from analysis.charts.picture import inline, save
from analysis.charts.ticks import tick_texts, times
from analysis.compare.metrics import METRICS
from analysis.history.trend import SHOWN, titles
from analysis.outcomes import goodput
from analysis.records.csv_out import write_csv
from analysis.rendering import environment
from analysis.tables import Table
from contract.exits import LabError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analysis.history.trend import Trend

NAME = "history"
TICKS = (0.1, 0.2, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.5, 2.0, 5.0, 10.0)
LEAST_REACH = 1.15
HEIGHT_IN = 4.2
MOST_LABELS = 12
BOUNDS = {
    (False, False): "",
    (False, True): "≥ ",
    (True, False): "≤ ",
    (True, True): "unknown, of lower bounds ",
}
"""Before a ratio, by whether the first run's times and this run's are lower bounds."""


@dataclass(frozen=True, slots=True)
class Written:
    """The files of a trend."""

    html: Path
    markdown: Path
    csv: Path


def write(trend: Trend, folder: Path) -> Written:
    """Write the files into `folder`. LabError if that cannot be done."""
    try:
        drawn = save(picture(trend), folder / "figures", NAME)
        label = f"Every server of {trend.name} through {len(trend.runs)} runs."
        page = {
            "name": trend.name,
            "notes": trend.notes,
            # The SVG is matplotlib's own output, whose text it escapes itself.
            "svg": Markup(inline(drawn, NAME, escape(label, quote=True))),  # noqa: S704
            "runs": _runs(trend.runs),
            "figures": [(METRICS[name].title, _figures(trend, name)) for name in SHOWN],
            "count": len(trend.runs),
            "colours": css_variables(),
            "text": wording,
        }
        templates = environment()
        paths = [folder / f"{NAME}.{end}" for end in ("html", "md")]
        for path in paths:
            content = templates.get_template(f"{path.name}.j2").render(page)
            path.write_text(content, encoding="utf-8")
        table = folder / f"{NAME}.csv"
        write_csv(trend.figures, table)
    except OSError as error:
        raise LabError(f"{error.filename}: cannot be written: {error.strerror}") from None
    return Written(paths[0], paths[1], table)


def picture(trend: Trend) -> Figure:
    """A panel per metric, a line per server, the runs from left to right."""
    figure, axes = panels([f"{title}" for title in titles()], height=HEIGHT_IN)
    places = {run: place for place, run in enumerate(trend.runs["run"])}
    looks = styles(trend.figures["server"].unique())
    for axis, metric in zip(axes, SHOWN, strict=True):
        mine = trend.figures[trend.figures["metric"] == metric]
        table = mine.rename(columns={"ratio": metric, "low": f"{metric}_low"})
        table = table.rename(columns={"high": f"{metric}_high"})
        table["place"] = table["run"].map(places)
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
    """Logarithmic around 1, as far as the middles reach; intervals may be cut off."""
    known = ratios[np.isfinite(ratios)]
    furthest = float(np.exp(np.abs(np.log(known)).max())) if len(known) else 1.0
    reach = max(furthest * 1.1, LEAST_REACH)
    axis.set_yscale("log")
    axis.set_ylim(1 / reach, reach)
    axis.yaxis.set_major_locator(FixedLocator([t for t in TICKS if 1 / reach <= t <= reach]))
    axis.yaxis.set_major_formatter(tick_texts(times))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_minor_formatter(NullFormatter())


def _runs(runs: pd.DataFrame) -> Table:
    headings = ["run", "began (UTC)", "trials", "void", "noise floor", "commit", "changed since"]
    rows = [
        [
            row["run"],
            str(row["started_at"])[:16],
            wording.count(row["trials"]),
            wording.count(row["void"]),
            wording.share(row["noise"]),
            row["commit"] or wording.MISSING,
            row["changed"] or "nothing",
        ]
        for row in runs.to_dict("records")
    ]
    return Table(headings, rows, [False, False, True, True, True, False, False])


def _figures(trend: Trend, metric: str) -> Table:
    """A row per server, a column per run: the ratio to the first run with its interval."""
    mine = trend.figures[trend.figures["metric"] == metric].set_index(["server", "run"])
    runs = list(trend.runs["run"])
    rows = [
        [wording.server_name(server), *(_cell(mine, server, run) for run in runs)]
        for server in in_order(mine.index.get_level_values("server"))
    ]
    return Table(["server", *runs], rows, [False, *(True for _ in runs)])


def _cell(figures: pd.DataFrame, server: str, run: str) -> str:
    if (server, run) not in figures.index:
        return wording.MISSING
    ratio, low, high = (float(figures[name][server, run]) for name in ("ratio", "low", "high"))
    low_base, low_here = (bool(figures[name][server, run]) for name in ("low_base", "low_here"))
    first = run == figures.index.get_level_values("run")[0]
    ends = "" if low_base or low_here else wording.interval(low, high, "x")
    bound = BOUNDS[low_base, low_here] if not first else ""
    failed, counted = (int(figures[name][server, run]) for name in ("failed", "counted"))
    told = f", failed {failed:,} of {counted:,}" if failed else ""
    for name, word in ((goodput.ERRORS, "errors"), (goodput.UNANSWERED, "unanswered")):
        if (value := float(figures[name][server, run])) > goodput.SMALLEST[name]:
            told += f", {word} {wording.share(value)}"
    return f"{bound}{wording.number(ratio)}{f' ({ends})' if ends else ''}{told}"
