"""What the commands say on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from rich.console import Console
from rich.table import Table

from analysis.claims.claim import load_claims
from analysis.claims.judgement import Word
from analysis.records.unreadable_rows import FILE as LEFT_OUT
from analysis.report.context import SYMBOLS
from analysis.wording import MISSING, interval, number, plural, with_unit
from contract.console import cell, echo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analysis.claims.latest_verdicts import Last
    from analysis.claims.verdicts import Verdict
    from analysis.compare.comparison import Comparison
    from analysis.outcomes.thresholds import Kept
    from analysis.report.report import Report

MOST_TOLD = 20
COLOURS = {"reproduced": "green", "refuted": "red", "inconclusive": "yellow", "not run": "dim"}


def tell_report(made: Report) -> None:
    """The verdicts, what was left out, the thresholds, and where the report is."""
    if made.verdicts:
        Console(highlight=False).print(verdict_table(made.verdicts))
    for note in made.notes:
        echo(note)
    for limit in made.limits:
        echo(threshold(limit))
    echo(f"Report: {made.html}")


def tell_comparison(found: Comparison) -> None:
    """What differs, what changed, and the summary."""
    from analysis.compare.figures import CANNOT_TELL, CHANGED
    from analysis.compare.metrics import COUNTED, FIGURES

    for difference in found.differences:
        echo(f"differs: {difference.text}")
    for note in found.notes:
        echo(f"note: {note}")
    figures = found.figures
    failing, others = (figures["metric"].isin(COUNTED) == one for one in (True, False))
    chosen = (failing, *(others & (figures["word"] == word) for word in (CHANGED, CANNOT_TELL)))
    told = pd.concat([figures[rows] for rows in chosen])
    for row in told.head(MOST_TOLD).to_dict("records"):
        run = f"{row['run']}, " if len(found.runs) > 2 else ""
        echo(f"{run}{row['point']}: {FIGURES[row['metric']].title}: {row['text']}")
    if len(told) > MOST_TOLD:
        echo(f"and {len(told) - MOST_TOLD} more")
    echo(found.summary)


def tell_claims(last: Mapping[int, Last]) -> None:
    """Every claim that the lab judges, each with its last verdict."""
    table = Table(box=None, pad_edge=False)
    for heading in ("", "claim", "experiment", "last verdict", "run", "date"):
        table.add_column(heading, no_wrap=heading in ("", "experiment", "date"))
    for key, claim in load_claims().items():
        found = last.get(key)
        shown = _coloured(Word(found.verdict)) if found else MISSING
        run, date = (found.run, found.date) if found else ("", "")
        table.add_row(
            str(key), cell(claim.sentence), claim.experiment, shown, cell(run), cell(date)
        )
    Console(highlight=False).print(table)
    spoiled = {one.run: one.left_out for one in last.values() if one.left_out}
    for run, rows in spoiled.items():
        echo(
            f"note: {run}: {plural(rows, 'row')} out of order had no part in its verdicts; "
            f"{LEFT_OUT} there names them"
        )


def threshold(limit: Kept) -> str:
    """One threshold, in a line."""
    if not limit.points:
        return f"Threshold {limit.threshold}: no trial to judge it by."
    remarks = f" {limit.remarks}" if limit.remarks else ""
    points = plural(limit.points, "point")
    if limit.holds:
        return f"Threshold {limit.threshold}: kept by all of {points}.{remarks}"
    untold = f"; of {limit.untold} it is not known" if limit.untold else ""
    if not limit.broken:
        return (
            f"Threshold {limit.threshold}: CANNOT TELL: broken by none of {points}{untold}, the "
            f"first of them {limit.worst}.{remarks}"
        )
    return (
        f"Threshold {limit.threshold}: NOT kept by {limit.broken} of {points}{untold}; the worst "
        f"is {limit.worst}, with {number(limit.value)}.{remarks}"
    )


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
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
