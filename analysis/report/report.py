"""The report of a run: `report.html`, `report.md`, `verdicts.csv`, `summary.csv`, `figures/`; and
the pages of a comparison, where the run compares two servers.

Everything is computed from the records and written beside them; the records
themselves are only read.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis import repeated
from analysis.charts.drawing import drawing
from analysis.charts.model import Chart
from analysis.claims import verdicts
from analysis.claims.verdicts import Verdict
from analysis.compare import report as comparison_pages
from analysis.compare.comparison import RunComparison
from analysis.compare.two_servers import compare_servers
from analysis.exports import ExportedFiles
from analysis.failures import unmeasured
from analysis.figures import Figure, all_figures
from analysis.outcomes.thresholds import ThresholdResult, ending, judged
from analysis.records import unreadable_rows
from analysis.records.run import Run, load
from analysis.rendering import write_errors, write_pages
from analysis.report import more_blocks, summary_csv
from analysis.report.context import page
from analysis.report.sections import section, shown
from analysis.wording import server_name
from contract.columns.csv_check import LeftOut
from contract.exits import Exit, LabError


@dataclass(frozen=True, slots=True)
class Report:
    """What was written, and the verdicts; `notes` says what was left out and why, `limits`
    whether the experiment's own thresholds were kept; `spoiled` are the rows left out, `unmeasured`
    the servers of which nothing is known. Where the run `compares` two servers there is the
    `comparison`, unless nothing of both was measured yet, and its pages are `compared`."""

    html: Path
    markdown: Path
    verdicts_csv: Path
    verdicts: list[Verdict]
    notes: list[str]
    limits: list[ThresholdResult]
    spoiled: tuple[LeftOut, ...] = ()
    unmeasured: tuple[str, ...] = ()
    compares: bool = False
    comparison: RunComparison | None = None
    compared: ExportedFiles | None = None

    @property
    def exit(self) -> Exit:
        """REGRESSED where a server that is compared got worse, EXCEEDED where a threshold was not
        kept, CANNOT_TELL where nobody knows: nor does anybody know anything of a server without a
        valid trial, whatever the others did."""
        codes = {ending(self.limits), Exit.CANNOT_TELL if self.unmeasured else Exit.OK}
        if self.compares:
            codes.add(self.comparison.exit if self.comparison else Exit.CANNOT_TELL)
        known = (Exit.REGRESSED, Exit.EXCEEDED, Exit.CANNOT_TELL)
        return next((code for code in known if code in codes), Exit.OK)


def build(run_dir: Path) -> Report:
    """Judge the run in `run_dir`, draw it, write its report.

    LabError(BAD_INPUT) if its records are out of order, LabError(NOT_READY) if no
    trial has finished yet.
    """
    run = load(run_dir)
    if not len(run.trials):
        said = [f"{run_dir}: no trial has finished: resume the run, then report"]
        raise LabError("\n".join(unreadable_rows.notes(run) or said), Exit.NOT_READY)
    with write_errors(), drawing(run_dir / "figures") as draw:
        figures, absent = _figures(run, draw)
        found = verdicts.judge_all(run)
        more = more_blocks.notes(run, found)
        notes = [*unreadable_rows.notes(run), *repeated.notes(run), *more, *absent]
        limits = judged(run)
        table = verdicts.write(found, run_dir)
        unreadable_rows.write(run)
        summary_csv.write(run)
        made = compare_servers(run)
        files = comparison_pages.write(made, run_dir) if made else None
        if run.manifest.compare and not made:
            notes.append(f"Nothing of {run.manifest.compare.question} was measured yet.")
        context = page(run, found, notes) | {"limits": limits, "comparison": made}
        sections = [section(run, *figure, found) for figure in figures]
        html, plain = write_pages("report", run_dir, context | shown(sections, found))
    unknown = tuple(unmeasured(run.trials))
    notes = [*notes, *(f"No trial of {server_name(one)} is valid." for one in unknown)]
    if run.unfinished and not limits:  # a threshold says it by itself, the page among its doubts
        notes = [*notes, f"{run.unfinished[:1].upper()}{run.unfinished[1:]}."]
    return Report(
        *(html, plain, table, found, notes, limits, run.spoiled, unknown),
        compares=run.manifest.compare is not None,
        comparison=made,
        compared=files,
    )


def _figures(
    run: Run, draw: Callable[[Chart, str], Future[str]]
) -> tuple[list[tuple[Figure, pd.DataFrame, Chart, Future[str]]], list[str]]:
    """The figures that the run has trials for, each with its table, its chart and the picture that
    is being drawn, and what is told of others."""
    known = all_figures()
    asked = run.manifest.figures or []
    figures: list[tuple[Figure, pd.DataFrame, Chart, Future[str]]] = []
    absent: list[str] = []
    for name in dict.fromkeys(asked or known):
        if name not in known:
            absent.append(f"Figure {name} is not known to this lab: left out.")
            continue
        table = known[name].table(run)
        metrics = [column for column in table.columns if f"{column}_low" in table]
        measured = len(table) and (not metrics or table[metrics].notna().to_numpy().any())
        chart = known[name].chart(run) if measured else None
        if chart and chart.pictured:
            figures.append((known[name], table, chart, draw(chart, name)))
        elif asked or len(table):  # else not asked for, and nothing lost
            absent.append(f"Figure {name} is left out: the run measured nothing for it.")
    return figures, absent
