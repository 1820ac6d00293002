"""What the commands print on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from rich.console import Console
from rich.table import Table

from analysis.claims.claim import load_claims
from analysis.claims.judgement import Word
from analysis.compare.compared_figure import compared_figures, worst
from analysis.compare.metrics import ALL_METRICS, CANNOT_TELL, CHANGED, FAILURES
from analysis.records.unreadable_rows import FILE as LEFT_OUT
from analysis.wording import MISSING, SYMBOLS, interval, number, plural, with_unit
from contract.console import cell, echo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analysis.claims.latest_verdicts import Last
    from analysis.claims.verdicts import Verdict
    from analysis.compare.comparison import RunComparison
    from analysis.exports import ExportedFiles
    from analysis.history.trend import Trend
    from analysis.outcomes.thresholds import Kept
    from analysis.report.report import Report

MOST_FIGURES = 20
COLOURS = {"reproduced": "green", "refuted": "red", "inconclusive": "yellow", "not run": "dim"}


def report(made: Report) -> None:
    """The verdicts, what was left out, the thresholds, and where the report is."""
    if made.verdicts:
        Console(highlight=False).print(_verdicts(made.verdicts))
    for note in made.notes:
        echo(note)
    for limit in made.limits:
        echo(_threshold(limit))
    echo(f"Report: {made.html}")


def comparison(made: RunComparison, files: ExportedFiles) -> None:
    """What differs, the figures that failed, changed or cannot be judged, and the summary."""
    for difference in made.differences:
        echo(f"differs: {difference.text}")
    for note in made.notes:
        echo(f"note: {note}")
    word, failures = made.figures["word"], made.figures["metric"].isin(FAILURES)
    chosen = (failures, ~failures & (word == CHANGED), ~failures & (word == CANNOT_TELL))
    figures = pd.concat([made.figures[rows] for rows in chosen])
    shown = worst(figures, MOST_FIGURES)
    for figure, text in zip(compared_figures(shown), shown["text"], strict=True):
        run = f"{figure.run}, " if len(made.runs) > 2 else ""
        echo(f"{run}{figure.point}: {ALL_METRICS[figure.metric].title}: {text}")
    if len(figures) > len(shown):
        echo(f"and {len(figures) - len(shown)} more")
    echo(made.summary)
    echo(f"Comparison: {files.html}")


def history(made: Trend, files: ExportedFiles) -> None:
    """What was left out, and where the trend is."""
    for note in made.notes:
        echo(f"note: {note}")
    echo(f"History of {len(made.runs)} runs: {files.html}")


def claims(latest: Mapping[int, Last]) -> None:
    """Every claim that the lab judges, each with its latest verdict."""
    table = Table(box=None, pad_edge=False)
    for heading in ("", "claim", "experiment", "last verdict", "run", "date"):
        table.add_column(heading, no_wrap=heading in ("", "experiment", "date"))
    for key, claim in load_claims().items():
        last = latest.get(key)
        verdict = _coloured(Word(last.verdict)) if last else MISSING
        run, date = (last.run, last.date) if last else ("", "")
        table.add_row(
            str(key), cell(claim.sentence), claim.experiment, verdict, cell(run), cell(date)
        )
    Console(highlight=False).print(table)
    spoiled = {one.run: one.left_out for one in latest.values() if one.left_out}
    for run, rows in spoiled.items():
        echo(
            f"note: {run}: {plural(rows, 'row')} out of order had no part in its verdicts; "
            f"{LEFT_OUT} there names them"
        )


def _threshold(limit: Kept) -> str:
    """One threshold, in a line."""
    if not limit.points:
        return f"Threshold {limit.threshold}: no trial to judge it by."
    remarks = f" {limit.remarks}" if limit.remarks else ""
    points = plural(limit.points, "point")
    if limit.holds:
        return f"Threshold {limit.threshold}: kept by all of {points}.{remarks}"
    unknown = f", not known of {limit.untold}" if limit.untold else ""
    if not limit.broken:
        first = f"{unknown}, the first of them {limit.worst}" if unknown else ""
        return (
            f"Threshold {limit.threshold}: CANNOT TELL: broken by none of {points}{first}.{remarks}"
        )
    return (
        f"Threshold {limit.threshold}: NOT kept by {limit.broken} of {points}{unknown}; the worst "
        f"is {limit.worst}, with {number(limit.value)}.{remarks}"
    )


def _verdicts(verdicts: Sequence[Verdict]) -> Table:
    """The verdicts, a line each, with figure and interval."""
    table = Table(box=None, pad_edge=False)
    table.add_column("", justify="right")
    table.add_column("claim")
    table.add_column("measured", justify="right", no_wrap=True)
    table.add_column("95% interval", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for found in verdicts:
        table.add_row(
            str(found.claim),
            cell(found.title),
            with_unit(found.measured, found.unit),
            interval(found.low, found.high, found.unit) or MISSING,
            _coloured(found.verdict),
        )
    return table


def _coloured(word: Word) -> str:
    colour = COLOURS[word]
    return f"[{colour}]{SYMBOLS[word]} {word}[/{colour}]"
