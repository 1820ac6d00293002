"""The report of a run: `report.html`, `report.md`, `verdicts.csv` and `figures/`.

Everything is computed from the records and written beside them; the records
themselves are only read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from analysis import text, verdicts
from analysis.figures import all_figures
from analysis.machine import machine
from analysis.palette import css_variables
from analysis.pictures import inline, save
from analysis.records import load
from analysis.story import story
from analysis.tables import Table, as_table
from analysis.walls import find_walls
from experiments.exits import Exit, LabError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.figures import FigureModule
    from analysis.records import Run
    from analysis.verdicts import Verdict

TEMPLATES = Path(__file__).parent / "templates"
SYMBOLS = {"reproduced": "✓", "refuted": "✗", "inconclusive": "?", "not run": "○"}
VOID_SHOWN = ["block", "server", "active_connections", "idle_connections", "backlog", "reason"]


@dataclass(frozen=True, slots=True)
class Section:
    """One figure as the report shows it; `svg` is an element for the page."""

    name: str
    title: str
    question: str
    reading: str
    svg: Markup
    table: Table
    verdicts: list[Verdict]


@dataclass(frozen=True, slots=True)
class Report:
    """What was written, and the verdicts; `notes` says what was left out and why."""

    html: Path
    markdown: Path
    verdicts_csv: Path
    verdicts: list[Verdict]
    notes: list[str]


def build(run_dir: Path) -> Report:
    """Judge the run in `run_dir`, draw it, write its report.

    LabError(BAD_INPUT) if its records are out of order, LabError(NOT_READY) if no
    trial has finished yet.
    """
    run = load(run_dir)
    if not len(run.trials):
        raise LabError(
            f"{run_dir}: no trial has finished: resume the run, then report", Exit.NOT_READY
        )
    found = verdicts.judge_all(run)
    sections, notes = _sections(run, found)
    page = _page(run, found, sections, notes)
    environment = _environment()
    try:
        html = _write(
            run_dir / "report.html", environment.get_template("report.html.j2").render(page)
        )
        plain = _write(run_dir / "report.md", environment.get_template("report.md.j2").render(page))
        table = verdicts.write(found, run_dir)
    except OSError as error:
        raise LabError(f"{error.filename}: cannot be written: {error.strerror}") from None
    return Report(html, plain, table, found, notes)


def _sections(run: Run, found: Sequence[Verdict]) -> tuple[list[Section], list[str]]:
    known = all_figures()
    wanted = run.manifest.figures or list(known)
    sections, notes = [], []
    for name in dict.fromkeys(wanted):
        if name not in known:
            notes.append(f"Figure {name} is not known to this lab: left out.")
            continue
        table = known[name].table(run)
        metrics = [column for column in table.columns if f"{column}_low" in table]
        if not len(table) or (metrics and not table[metrics].notna().to_numpy().any()):
            notes.append(f"Figure {name} is left out: the run has no valid trial for it.")
            continue
        sections.append(_section(run, known[name], table, found))
    return sections, notes


def _section(
    run: Run, figure: FigureModule, table: pd.DataFrame, found: Sequence[Verdict]
) -> Section:
    reading = figure.reading(run)
    reading = reading[:1].upper() + reading[1:]
    svg = save(figure.draw(run), run.path / "figures", figure.NAME)
    picture = inline(svg, figure.NAME, escape(f"{figure.QUESTION} {reading}", quote=True))
    mine = [verdict for verdict in found if verdict.claim in figure.CLAIMS]
    # The SVG is matplotlib's own output, whose text it escapes itself.
    return Section(
        figure.NAME,
        figure.TITLE,
        figure.QUESTION,
        reading,
        Markup(picture),  # noqa: S704 - made here, from escaped text
        as_table(table),
        mine,
    )


def _page(
    run: Run, found: Sequence[Verdict], sections: list[Section], notes: list[str]
) -> dict[str, object]:
    """Everything that a template may use."""
    void = run.void[VOID_SHOWN].sort_values("block", kind="stable").reset_index(drop=True)
    blocks = run.trials["block"].nunique()
    return {
        "run": run,
        "name": run.name,
        "run_id": run.manifest.run or run.path.name,
        "question": run.manifest.question or "",
        "started": str(run.trials["started_at"].min())[:16],
        "story": story(run, found),
        "verdicts": found,
        "counts": verdicts.counted(found),
        "sections": sections,
        "notes": notes,
        "walls": find_walls(run.trials),
        "void": as_table(void),
        "repeats": blocks,
        "machine": machine(run.manifest),
        "manifest": json.dumps(run.manifest.raw, indent=2, sort_keys=True, ensure_ascii=False),
        "symbols": SYMBOLS,
        "colours": css_variables(),
        "text": text,
    }


def _environment() -> Environment:
    """HTML is escaped by the file's name; Markdown through the filter `md`."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["md"] = markdown
    return environment


def markdown(value: object) -> str:
    """Text for a Markdown line or table cell: nothing in it acts as markup."""
    line = " ".join(str(value).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{letter}" if letter in "\\|`*_[]#" else letter for letter in line)


def _write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path
