"""`report RUN_DIR`: the report of a run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from analysis.checkup import report as check_up
from analysis.claims.verdicts import Verdict, as_table
from analysis.cli.answers import coloured, document, errors, left_out, rows
from analysis.cli.check_up_answer import check_up_answer
from analysis.cli.compared import content
from analysis.cli.compared import show as show_comparison
from analysis.outcomes.thresholds import ThresholdResult
from analysis.report.report import Report, build
from analysis.wording import MISSING, interval, number, plural, with_unit
from contract.console import cell, echo, spoken

VERDICT = [
    *("claim", "title", "verdict", "measured", "low", "high", "unit"),
    *("counted", "failed", "error_share"),
]


@click.command("report")
@click.argument("run_dir", type=click.Path(path_type=Path))
@spoken
def command(run_dir: Path, quiet: bool, as_json: bool) -> None:
    """Write report.html, report.md, verdicts.csv and figures/ into RUN_DIR; of a check-up its
    page, checkup.json and junit.xml."""
    with errors(as_json):
        if about := check_up.build(run_dir):
            check_up_answer(about, quiet=quiet, as_json=as_json)
            sys.exit(about.exit)
        made = build(run_dir)
    if as_json:
        document(_content(made, run_dir))
    elif not quiet:
        show(made)
    sys.exit(made.exit)


def _content(made: Report, run_dir: Path) -> dict[str, Any]:
    """Where the report is, the verdicts, what was left out, and the thresholds."""
    return {
        "exit": int(made.exit),
        "run": str(run_dir.resolve()),
        "report": str(made.html.resolve()),
        "verdicts": rows(as_table(made.verdicts)[VERDICT]),
        "notes": list(made.notes),
        "left_out": left_out(made.spoiled),
        "thresholds": [
            {
                **asdict(limit),
                "value": limit.value if np.isfinite(limit.value) else None,
                "holds": limit.holds,
                "word": limit.word,
            }
            for limit in made.limits
        ],
        **(
            {"comparison": content(made.comparison, made.compared)}
            if made.comparison and made.compared
            else {}
        ),
    }


def show(made: Report) -> None:
    """The verdicts, what was left out, the thresholds, and where the report is."""
    if made.verdicts:
        Console(highlight=False).print(_verdicts(made.verdicts))
    for note in made.notes:
        echo(note)
    for limit in made.limits:
        echo(_threshold(limit))
    if made.comparison and made.compared:
        show_comparison(made.comparison, made.compared)
    echo(f"Report: {made.html}")


def _threshold(limit: ThresholdResult) -> str:
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
            coloured(found.verdict),
        )
    return table
