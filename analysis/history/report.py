"""A trend as files: `history.html`, `history.md` and `history.csv`, with its picture."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from analysis import wording
from analysis.charts.medians import series
from analysis.charts.model import RATIO, Axis, Chart, Line, Panel
from analysis.charts.palette import INK, css_variables, in_order, styles
from analysis.charts.picture import save
from analysis.charts.svg import inline
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

    from analysis.charts.model import Series
    from analysis.history.trend import Trend

NAME = "history"
TICKS = (0.1, 0.2, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.5, 2.0, 5.0, 10.0)
LEAST_REACH = 1.15
HEIGHT_IN = 4.2
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


def picture(trend: Trend) -> Chart:
    """A panel per metric, a line per server, the runs from left to right."""
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
        Panel(x, y, title, _series(trend, metric), (first,))
        for metric, title in zip(SHOWN, titles(), strict=True)
    ]
    return Chart(tuple(panels), height_in=HEIGHT_IN)


def _series(trend: Trend, metric: str) -> tuple[Series, ...]:
    """A line per server; `ratio` has its interval in `low` and `high`."""
    table = trend.figures[trend.figures["metric"] == metric]
    table = table.rename(columns={"low": "ratio_low", "high": "ratio_high"})
    places = {run: float(place) for place, run in enumerate(trend.runs["run"])}
    looks = styles(trend.figures["server"].unique())
    found = []
    for server in in_order(table["server"]):
        mine = table[table["server"] == server]
        at = mine["run"].map(places).to_numpy(dtype="float64")
        found.append(series(mine, "ratio", at, looks[server], wording.server_name(server)))
    return tuple(found)


def _ratio_axis(ratios: np.ndarray) -> Axis:
    """Logarithmic around 1, as far as the middles reach; intervals may be cut off."""
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
