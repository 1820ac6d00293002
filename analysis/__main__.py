"""`python -m analysis report RUN_DIR` and `python -m analysis claims`."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from analysis.claim import load_claims
from analysis.report import SYMBOLS, build
from analysis.text import MISSING, interval, with_unit
from experiments.exits import Exit, LabError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.verdicts import Verdict

COLOURS = {"reproduced": "green", "refuted": "red", "inconclusive": "yellow", "not run": "dim"}


@click.group()
def cli() -> None:
    """From the records of a run to verdicts, figures and a report."""


@cli.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
def report(run_dir: Path) -> None:
    """Write report.html, report.md, verdicts.csv and figures/ into RUN_DIR."""
    made = build(run_dir)
    console = Console(highlight=False)
    if made.verdicts:
        console.print(verdict_table(made.verdicts))
    for note in made.notes:
        click.echo(note)
    click.echo(f"Report: {made.html}")


@cli.command()
def claims() -> None:
    """List the claims that the lab can judge."""
    table = Table(box=None, pad_edge=False)
    for heading in ("", "claim", "bound", "experiment"):
        table.add_column(heading)
    for claim in load_claims().values():
        table.add_row(str(claim.id), claim.sentence, claim.bound.text, claim.experiment)
    Console(highlight=False).print(table)


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
    """The verdicts, a line each, with figure and interval."""
    table = Table(box=None, pad_edge=False)
    table.add_column("", justify="right")
    table.add_column("claim")
    table.add_column("measured", justify="right", no_wrap=True)
    table.add_column("95% interval", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for found in verdicts:
        colour = COLOURS[found.verdict]
        table.add_row(
            str(found.claim),
            found.title,
            with_unit(found.measured, found.unit),
            interval(found.low, found.high, found.unit) or MISSING,
            f"[{colour}]{SYMBOLS[found.verdict]} {found.verdict}[/{colour}]",
        )
    return table


def main() -> None:
    """Run the command line; what a person can mend ends in a named exit code."""
    # The process ends with its one command: collecting cycles would only take time.
    gc.disable()
    try:
        cli.main(standalone_mode=False)
    except LabError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit)
    except click.UsageError as error:
        error.show()
        sys.exit(Exit.USAGE)
    except click.Abort:
        sys.exit(Exit.INTERRUPTED)


if __name__ == "__main__":
    main()
