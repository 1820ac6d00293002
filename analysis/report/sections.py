"""The figures of a report, each with its question, its reading, its table and its rows."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from html import escape
from importlib import resources

import pandas as pd
from markupsafe import Markup

from analysis import failures
from analysis.charts import page, svg
from analysis.charts.model import Chart
from analysis.claims.verdicts import Verdict
from analysis.figures import Figure
from analysis.records.run import Run
from analysis.report.figure_rows import copy_rows
from analysis.tables import Table, as_table

LIBRARIES = ("bokeh.min.js", "bokeh-api.min.js")
"""Bokeh's own scripts, out of its Python package: the page needs no network."""


@dataclass(frozen=True, slots=True)
class Section:
    """One figure as the report shows it; `svg` is an element for the page, `chart` the data of
    its interactive form. `rows` trials stand behind it, copied to `rows_file` if that is named."""

    name: str
    title: str
    question: str
    reading: str
    svg: Markup
    chart: Markup
    table: Table
    rows: int
    rows_file: str
    verdicts: list[Verdict]


def section(
    run: Run,
    figure: Figure,
    table: pd.DataFrame,
    chart: Chart,
    drawn: Future[str],
    found: Sequence[Verdict],
) -> Section:
    """A figure of a run, whose picture is being drawn; writes the rows behind it."""
    rows = figure.rows(run)
    reading = figure.reading(run)
    told = failures.of_figure(run, run.trials[["point"]].iloc[figure.candidate_rows(run)], table)
    reading = " ".join(filter(None, [reading[:1].upper() + reading[1:], told]))
    label = escape(f"{figure.question} {reading}", quote=True)
    return Section(
        figure.name,
        figure.title,
        figure.question,
        reading,
        # matplotlib's own output, whose text it escapes itself
        Markup(svg.inline(drawn.result(), figure.name, label)),  # noqa: S704
        Markup(page.as_json(chart)),  # noqa: S704 - as JSON without < > &
        as_table(table),
        len(rows),
        copy_rows(run, figure.name, rows),
        [verdict for verdict in found if verdict.claim in figure.claims],
    )


def shown(sections: Sequence[Section], found: Sequence[Verdict]) -> dict[str, object]:
    """What a template shows of the sections."""
    return {
        "sections": sections,
        "libraries": _libraries() if any(section.chart for section in sections) else [],
        "figures_of": {
            verdict.claim: [one for one in sections if verdict in one.verdicts] for verdict in found
        },
    }


def _libraries() -> list[Markup]:
    """The scripts that draw the charts, as text for the page."""
    folder = resources.files("bokeh") / "server" / "static" / "js"
    sources = [(folder / name).read_text(encoding="utf-8") for name in LIBRARIES]
    # A script element ends where its text says so; in JavaScript both forms are the same string.
    return [Markup(source.replace("</script", "<\\/script")) for source in sources]  # noqa: S704 - Bokeh's own
