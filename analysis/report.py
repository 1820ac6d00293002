"""The report of a run: `report.html`, `report.md`, `verdicts.csv`, `summary.csv`, `figures/`.

Everything is computed from the records and written beside them; the records
themselves are only read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from markupsafe import Markup

from analysis import by_point, text, verdicts
from analysis.figures import all_figures, chart_of, rows_of
from analysis.limits import judged
from analysis.machine import machine
from analysis.noise import warnings
from analysis.pages import environment
from analysis.painters import Painters
from analysis.palette import css_variables
from analysis.pictures import inline
from analysis.records import FILE as TRIALS
from analysis.records import load
from analysis.server_page import pages, verdict_in_short
from analysis.server_points import reference_of
from analysis.story import lead, more
from analysis.tables import Table, as_table
from experiments.exits import Exit, LabError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from analysis.figures import FigureModule
    from analysis.limits import Kept
    from analysis.records import Run
    from analysis.verdicts import Verdict

SYMBOLS = {"reproduced": "✓", "refuted": "✗", "inconclusive": "?", "not run": "○"}
LIBRARIES = ("bokeh.min.js", "bokeh-api.min.js")
"""Bokeh's own scripts, out of its Python package: the page needs no network."""
GLANCE_FROM = 10
"""Verdicts; more than these get a line of their numbers above the table on any screen."""
MOST_ROWS_COPIED = 20_000
"""Rows of trials.csv that stand behind a figure; more are not copied beside it."""
PIECE_BYTES, LINE_END = 2**24, ord("\n")
VOID_SHOWN = ["block", "server", "active_connections", "idle_connections", "backlog", "reason"]


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


@dataclass(frozen=True, slots=True)
class Asked:
    """A part of an experiment that is made of others: what it asks, and its claims."""

    name: str
    question: str
    verdicts: list[Verdict]


@dataclass(frozen=True, slots=True)
class Report:
    """What was written, and the verdicts; `notes` says what was left out and why, `limits`
    whether the experiment's own thresholds were kept."""

    html: Path
    markdown: Path
    verdicts_csv: Path
    verdicts: list[Verdict]
    notes: list[str]
    limits: list[Kept]

    @property
    def exit(self) -> Exit:
        """EXCEEDED where a threshold was not kept."""
        return Exit.OK if all(limit.holds for limit in self.limits) else Exit.EXCEEDED


def build(run_dir: Path, painters: Painters | None = None) -> Report:
    """Judge the run in `run_dir`, draw it, write its report.

    LabError(BAD_INPUT) if its records are out of order, LabError(NOT_READY) if no
    trial has finished yet.
    """
    run = load(run_dir)
    if not len(run.trials):
        raise LabError(
            f"{run_dir}: no trial has finished: resume the run, then report", Exit.NOT_READY
        )
    painters = painters or Painters()
    figures, notes = _figures(run, painters)
    found = verdicts.judge_all(run)
    limits = judged(run)
    templates = environment()
    try:
        table = verdicts.write(found, run_dir)
        by_point.write(run)
        sections = [_section(run, figure, rows, found) for figure, rows in figures]
        page = _page(run, found, notes) | {"limits": limits}
        page |= _pictured(sections, found, painters.texts())
        html = _write(
            run_dir / "report.html", templates.get_template("report.html.j2").render(page)
        )
        plain = _write(run_dir / "report.md", templates.get_template("report.md.j2").render(page))
    except OSError as error:
        raise LabError(f"{error.filename}: cannot be written: {error.strerror}") from None
    return Report(html, plain, table, found, notes, limits)


def _figures(
    run: Run, painters: Painters
) -> tuple[list[tuple[FigureModule, pd.DataFrame]], list[str]]:
    """The figures that the run has trials for, each with its table, given to be painted."""
    known = all_figures()
    asked = run.manifest.figures or []
    wanted = asked or list(known)
    figures: list[tuple[FigureModule, pd.DataFrame]] = []
    notes = []
    for name in dict.fromkeys(wanted):
        if name not in known:
            notes.append(f"Figure {name} is not known to this lab: left out.")
            continue
        table = known[name].table(run)
        metrics = [column for column in table.columns if f"{column}_low" in table]
        if not len(table) or (metrics and not table[metrics].notna().to_numpy().any()):
            if asked or len(table):  # not asked for, and nothing lost
                notes.append(f"Figure {name} is left out: the run has no valid trial for it.")
            continue
        painters.save(known[name].draw(run), run.path / "figures", name)
        figures.append((known[name], table))
    return figures, notes


def _section(
    run: Run, figure: FigureModule, table: pd.DataFrame, found: Sequence[Verdict]
) -> Section:
    reading = figure.reading(run)
    reading = reading[:1].upper() + reading[1:]
    mine = [verdict for verdict in found if verdict.claim in figure.CLAIMS]
    chart = chart_of(figure, run)
    rows = rows_of(figure, run)
    return Section(
        figure.NAME,
        figure.TITLE,
        figure.QUESTION,
        reading,
        Markup(),
        Markup(chart.as_json()) if chart else None,  # noqa: S704 - as JSON without < > &
        as_table(table),
        len(rows),
        _copy_rows(run, figure.NAME, rows),
        mine,
    )


def _pictured(
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


def _copy_rows(run: Run, name: str, rows: NDArray[np.intp]) -> str:
    """The lines of trials.csv behind a figure, exactly as recorded, in figures/NAME.csv; ''
    where they are too many. A record is a line: the lab writes no line ends into cells."""
    if not 0 < len(rows) <= MOST_ROWS_COPIED:
        return ""
    starts = _starts(run)
    if len(starts) != len(run.trials) + 2:
        return ""
    path = run.path / "figures" / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    with (run.path / TRIALS).open("rb") as source, path.open("wb") as copy:
        for line in (0, *(rows + 1)):
            source.seek(starts[line])
            copy.write(source.read(starts[line + 1] - starts[line]))
    return f"figures/{name}.csv"


@lru_cache(maxsize=1)
def _starts(run: Run) -> NDArray[np.int64]:
    """Where each line of trials.csv starts, and where the last one ends."""
    found, at = [np.zeros(1, dtype="int64")], 0
    with (run.path / TRIALS).open("rb") as file:
        while raw := file.read(PIECE_BYTES):
            ends = np.flatnonzero(np.frombuffer(raw, dtype="uint8") == LINE_END)
            found.append(ends + (at + 1))
            at += len(raw)
    return np.concatenate(found)


def _libraries() -> list[Markup]:
    """The scripts that draw the charts, as text for the page."""
    folder = resources.files("bokeh") / "server" / "static" / "js"
    sources = [(folder / name).read_text(encoding="utf-8") for name in LIBRARIES]
    # A script element ends where its text says so; in JavaScript both forms are the same string.
    return [Markup(source.replace("</script", "<\\/script")) for source in sources]  # noqa: S704 - Bokeh's own


def _page(run: Run, found: Sequence[Verdict], notes: list[str]) -> dict[str, object]:
    """Everything that a template may use beside the sections."""
    void = run.left_out(VOID_SHOWN).sort_values("block", kind="stable").reset_index(drop=True)
    blocks = run.trials["block"].nunique()
    return {
        "run": run,
        "name": run.name,
        "run_id": run.manifest.run or run.path.name,
        "question": run.manifest.question or "",
        "started": str(run.trials["started_at"].min())[:16],
        "lead": lead(run, found),
        "more": more(run),
        "doubts": [doubt[:1].upper() + doubt[1:] for doubt in warnings(run.trials)],
        "parts_asked": [
            Asked(name, question, [one for one in found if _of_part(one, name)])
            for name, question in run.manifest.questions.items()
        ],
        "glance_from": GLANCE_FROM,
        "pages": pages(run),
        "reference": reference_of(run),
        "in_short": verdict_in_short,
        "verdicts": found,
        "counts": verdicts.counted(found),
        "notes": notes,
        "void": as_table(void),
        "repeats": blocks,
        "machine": machine(run.manifest),
        "manifest": json.dumps(run.manifest.raw, indent=2, sort_keys=True, ensure_ascii=False),
        "symbols": SYMBOLS,
        "colours": css_variables(),
        "text": text,
    }


def _of_part(verdict: Verdict, name: str) -> bool:
    """Whether a verdict is on a claim that this experiment feeds."""
    return verdict.details is not None and verdict.details.experiment == name


def _write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path
