"""`claims RESULTS`: every claim with its latest verdict."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from analysis.claims.claim import load_claims
from analysis.claims.latest_verdicts import latest_verdicts
from analysis.cli.answers import coloured
from analysis.records.unreadable_rows import FILE as LEFT_OUT
from analysis.wording import MISSING, plural
from contract.console import cell, echo


@click.command("claims")
@click.argument("results", type=click.Path(path_type=Path), default=Path("results"))
def command(results: Path) -> None:
    """List the claims that the lab judges, each with its latest verdict in RESULTS."""
    latest = latest_verdicts(results)
    table = Table(box=None, pad_edge=False)
    for heading in ("", "claim", "experiment", "last verdict", "run", "date"):
        table.add_column(heading, no_wrap=heading in ("", "experiment", "date"))
    for key, claim in load_claims().items():
        last = latest.get(key)
        verdict = coloured(last.verdict) if last else MISSING
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
