"""`history FOLDER`: the trend over all runs of an experiment."""

from __future__ import annotations

from pathlib import Path

import click

from analysis.cli.answers import document, errors, left_out, rows
from analysis.history import report, trend
from contract.console import echo, spoken
from contract.exits import Exit


@click.command("history")
@click.argument("folder", type=click.Path(path_type=Path))
@spoken
def command(folder: Path, quiet: bool, as_json: bool) -> None:
    """The trend over all runs of one experiment in FOLDER (results/EXPERIMENT).

    Writes history.html, .md and .csv there.
    """
    with errors(as_json):
        made = trend.history(folder)
        files = report.write(made, folder)
    if as_json:
        document(
            {
                "exit": int(Exit.OK),
                "experiment": made.name,
                "report": str(files.html.resolve()),
                "runs": made.runs["run"].tolist(),
                "figures": rows(made.figures),
                "left_out": {run: left_out(spoiled) for run, spoiled in made.spoiled.items()},
                "notes": list(made.notes),
            }
        )
    elif not quiet:
        for note in made.notes:
            echo(f"note: {note}")
        echo(f"History of {len(made.runs)} runs: {files.html}")
