"""What `report` answers of a check-up."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from analysis.checkup.report import CheckUpReport
from contract.checkup.rules import AnyMark
from contract.console import cell, echo

COLOURS: dict[AnyMark, str] = {
    "good": "green",
    "look at this": "yellow",
    "breaks": "red",
    "not told": "dim",
}


def check_up_answer(made: CheckUpReport, *, quiet: bool, as_json: bool) -> None:
    """The document, or a line for each question and threshold, and where the page is."""
    if as_json:
        click.echo(made.found.model_dump_json())
        return
    if quiet:
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for one in made.found.questions:
        mark = f"[{COLOURS[one.mark]}]{one.mark}[/{COLOURS[one.mark]}]"
        table.add_row(mark, cell(one.words), cell(f"{one.answer.answer} {one.do}".strip()))
    Console(highlight=False).print(table)
    if compared := made.found.compared:
        for change in compared.changes:
            if change.word in ("better", "worse", "differs"):
                echo(f"{change.figure}: {change.word}: {change.text}")
        echo(compared.summary)
    for limit in made.found.thresholds:
        echo(f"Threshold {limit.threshold}: {limit.word.upper()}.")
    if not made.found.complete:
        echo("The check-up is not finished: make resume.")
    echo(f"Report: {made.html}")
