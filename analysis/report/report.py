"""The report of a run: `report.html`, `report.md`, `verdicts.csv`, `summary.csv`, `figures/`.

Everything is computed from the records and written beside them; the records
themselves are only read. The pictures come first, so that a helper has work while
the rest is imported and computed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.charts.painters import Painters
from analysis.figures import all_figures
from analysis.records import unreadable_rows
from analysis.records.run import load
from contract.exits import Exit, LabError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from analysis.claims.verdicts import Verdict
    from analysis.figures import FigureModule
    from analysis.outcomes.thresholds import Kept
    from analysis.records.run import Run
    from contract.csv_check import LeftOut

EARLY = ("connect_time", "heat_map", "percentiles", "timeline")
"""Figures to draw first: they take longest to save, and need no statistics, whose library is
imported meanwhile."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was written, and the verdicts; `notes` says what was left out and why, `limits`
    whether the experiment's own thresholds were kept; `spoiled` are the rows left out."""

    html: Path
    markdown: Path
    verdicts_csv: Path
    verdicts: list[Verdict]
    notes: list[str]
    limits: list[Kept]
    spoiled: tuple[LeftOut, ...] = ()

    @property
    def exit(self) -> Exit:
        """EXCEEDED where a threshold was not kept, CANNOT_TELL where nobody knows."""
        from analysis.outcomes.thresholds import ending

        return ending(self.limits)


def build(run_dir: Path, painters: Painters | None = None) -> Report:
    """Judge the run in `run_dir`, draw it, write its report.

    LabError(BAD_INPUT) if its records are out of order, LabError(NOT_READY) if no
    trial has finished yet.
    """
    run = load(run_dir)
    if not len(run.trials):
        said = [f"{run_dir}: no trial has finished: resume the run, then report"]
        raise LabError("\n".join(unreadable_rows.notes(run) or said), Exit.NOT_READY)
    painters = painters or Painters()
    figures, absent = _figures(run, painters)
    notes = [*unreadable_rows.notes(run), *absent]

    from analysis.claims import verdicts
    from analysis.outcomes.thresholds import judged
    from analysis.rendering import environment
    from analysis.report import summary_csv
    from analysis.report.context import page
    from analysis.report.sections import pictured, section

    found = verdicts.judge_all(run)
    limits = judged(run)
    templates = environment()
    try:
        table = verdicts.write(found, run_dir)
        unreadable_rows.write(run)
        summary_csv.write(run)
        sections = [section(run, figure, rows, found) for figure, rows in figures]
        shown = page(run, found, notes) | {"limits": limits}
        shown |= pictured(sections, found, painters.texts())
        html, plain = (run_dir / f"report.{kind}" for kind in ("html", "md"))
        for path in (html, plain):
            content = templates.get_template(f"{path.name}.j2").render(shown)
            path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise LabError(f"{error.filename}: cannot be written: {error.strerror}") from None
    return Report(html, plain, table, found, notes, limits, run.spoiled)


def _figures(
    run: Run, painters: Painters
) -> tuple[list[tuple[FigureModule, pd.DataFrame]], list[str]]:
    """The figures that the run has trials for, each with its table, given to be painted."""
    known = all_figures()
    asked = run.manifest.figures or []
    wanted = list(dict.fromkeys(asked or known))
    drawn: dict[str, pd.DataFrame] = {}
    absent = {
        name: f"Figure {name} is not known to this lab: left out."
        for name in wanted
        if name not in known
    }
    for name in sorted(known.keys() & set(wanted), key=lambda name: (name not in EARLY, name)):
        table = known[name].table(run)
        metrics = [column for column in table.columns if f"{column}_low" in table]
        if not len(table) or (metrics and not table[metrics].notna().to_numpy().any()):
            if asked or len(table):  # not asked for, and nothing lost
                absent[name] = f"Figure {name} is left out: the run has no valid trial for it."
            continue
        painters.save(known[name].draw(run), run.path / "figures", name)
        drawn[name] = table
    figures = [(known[name], drawn[name]) for name in wanted if name in drawn]
    return figures, [absent[name] for name in wanted if name in absent]
