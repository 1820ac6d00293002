"""A trend as files: `history.html`, `history.md` and `history.csv`, with its picture."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.charts.palette import in_order
from analysis.compare.metrics import METRICS
from analysis.exports import ExportedFiles, export, save_picture
from analysis.history.picture import picture
from analysis.history.trend import Trend
from analysis.history.trend_figures import SHOWN, TrendFigure, rows_of
from analysis.outcomes import goodput
from analysis.outcomes.lower_bounds import of_bounds
from analysis.rendering import write_errors
from analysis.tables import Table
from analysis.wording import MISSING, count, number, plural, server_name, share, with_ends

NAME = "history"


def write(trend: Trend, folder: Path) -> ExportedFiles:
    """Write the files into `folder`. LabError if that cannot be done."""
    label = f"Every server of {trend.name} through {len(trend.runs)} runs."
    with write_errors():
        page = {
            "name": trend.name,
            "notes": trend.notes,
            "svg": save_picture(picture(trend), folder, NAME, label),
            "runs": _runs(trend.runs),
            "figures": [(METRICS[name].title, _figures(trend, name)) for name in SHOWN],
            "count": len(trend.runs),
        }
        return export(NAME, folder, page, trend.figures)


def _runs(runs: pd.DataFrame) -> Table:
    headings = ["run", "began (UTC)", "trials", "void", "noise floor", "commit", "changed since"]
    rows = [
        [
            row["run"],
            str(row["started_at"])[:16],
            count(row["trials"]),
            count(row["void"]),
            share(row["noise"]),
            row["commit"] or MISSING,
            row["changed"] or "nothing",
        ]
        for row in runs.to_dict("records")
    ]
    return Table(headings, rows, [False, False, True, True, True, False, False])


def _figures(trend: Trend, metric: str) -> Table:
    """A row per server, a column per run: the ratio to the first run with its interval."""
    runs = list(trend.runs["run"])
    mine = trend.figures[trend.figures["metric"] == metric]
    cells = {(row.server, row.run): _cell(row, first=row.run == runs[0]) for row in rows_of(mine)}
    rows = [
        [server_name(server), *(cells.get((server, run), MISSING) for run in runs)]
        for server in in_order(mine["server"])
    ]
    return Table(["server", *runs], rows, [False, *(True for _ in runs)])


def _cell(row: TrendFigure, *, first: bool) -> str:
    """'0.95 (0.91 to 0.99), failed 2 of 15, missing in 3%, errors 3%'; '0.95, mostly void at 2
    points'."""
    text = number(row.ratio)
    if not row.low_base and not row.low_here:
        text = with_ends(text, row.low, row.high)
    if not first:
        text = of_bounds(text, in_first=row.low_base, in_second=row.low_here)
    failed = f", failed {row.failed:,} of {row.counted:,}" if row.failed else ""
    shares = [
        f", {word} {share(value)}"
        for name, word, value in (
            (goodput.ERRORS, "errors", row.error_share),
            (goodput.UNANSWERED, "unanswered", row.unanswered_share),
        )
        if value > goodput.SMALLEST[name]
    ]
    missing = f", missing in {share(row.absent)}" if row.absent > 0 else ""
    void = f", mostly void at {plural(row.mostly_void, 'point')}" if row.mostly_void else ""
    return "".join([text, failed, void, missing, *shares])
