"""The figures of a report, each with its question, its reading, its table and its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

from markupsafe import Markup

from analysis.charts.picture import inline
from analysis.figures import chart_of, rows_of
from analysis.outcomes import failures
from analysis.records.copied_rows import copy_rows
from analysis.tables import Table, as_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from analysis.claims.verdicts import Verdict
    from analysis.figures import FigureModule
    from analysis.records.run import Run

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
    chart: Markup | None
    table: Table
    rows: int
    rows_file: str
    verdicts: list[Verdict]


def section(
    run: Run, figure: FigureModule, table: pd.DataFrame, found: Sequence[Verdict]
) -> Section:
    """A figure of a run, whose picture is still to come; writes the rows behind it."""
    reading = figure.reading(run)
    rows = rows_of(figure, run)
    told = failures.of_figure(run, run.trials[["point"]].iloc[rows])
    reading = " ".join(filter(None, [reading[:1].upper() + reading[1:], told]))
    mine = [verdict for verdict in found if verdict.claim in figure.CLAIMS]
    chart = chart_of(figure, run)
    return Section(
        figure.NAME,
        figure.TITLE,
        figure.QUESTION,
        reading,
        Markup(),
        Markup(chart.as_json()) if chart else None,  # noqa: S704 - as JSON without < > &
        as_table(table),
        len(rows),
        copy_rows(run, figure.NAME, rows),
        mine,
    )


def pictured(
    sections: Sequence[Section], found: Sequence[Verdict], texts: Mapping[str, str]
) -> dict[str, object]:
    """What a template shows of the sections, once their pictures are there."""
    shown = []
    for section in sections:
        label = escape(f"{section.question} {section.reading}", quote=True)
        picture = inline(texts[section.name], section.name, label)
        # The SVG is matplotlib's own output, whose text it escapes itself.
        shown.append(replace(section, svg=Markup(picture)))  # noqa: S704 - see above
    return {
        "sections": shown,
        "libraries": _libraries() if any(section.chart for section in shown) else [],
        "figures_of": {
            verdict.claim: [s for s in shown if verdict in s.verdicts] for verdict in found
        },
    }


def _libraries() -> list[Markup]:
    """The scripts that draw the charts, as text for the page."""
    folder = resources.files("bokeh") / "server" / "static" / "js"
    sources = [(folder / name).read_text(encoding="utf-8") for name in LIBRARIES]
    # A script element ends where its text says so; in JavaScript both forms are the same string.
    return [Markup(source.replace("</script", "<\\/script")) for source in sources]  # noqa: S704 - Bokeh's own
