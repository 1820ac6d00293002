"""The files of a comparison or a trend: a page, its picture, and its numbers as CSV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from analysis.charts.model import Chart
from analysis.charts.picture import save
from analysis.charts.svg import inline
from analysis.records.csv_out import write_csv
from analysis.rendering import write_pages


@dataclass(frozen=True, slots=True)
class ExportedFiles:
    """Where the page and its numbers are."""

    html: Path
    markdown: Path
    csv: Path


def export(
    name: str, folder: Path, page: Mapping[str, object], numbers: pd.DataFrame
) -> ExportedFiles:
    """Write NAME.html, NAME.md and NAME.csv into `folder`."""
    html, plain = write_pages(name, folder, page)
    table = folder / f"{name}.csv"
    write_csv(numbers, table)
    return ExportedFiles(html, plain, table)


def save_picture(chart: Chart, folder: Path, name: str, label: str) -> Markup:
    """Save a chart as PNG and SVG in `folder/figures`; returns it as an element of a page, with
    `label` for readers who cannot see it."""
    svg = save(chart, folder / "figures", name)
    # The SVG is matplotlib's own output, whose text it escapes itself.
    return Markup(inline(svg, name, escape(label, quote=True)))  # noqa: S704
