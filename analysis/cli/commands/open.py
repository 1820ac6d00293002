"""`open RUN_DIR`: what of a run is open and more blocks may decide."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from analysis.claims.verdicts import judge_all
from analysis.cli.answers import document, errors
from analysis.records.run import load
from analysis.undecided.questions import open_questions
from analysis.wording import plural
from contract.console import echo, spoken
from contract.exits import Exit
from contract.more_blocks import OPEN


@click.command("open")
@click.argument("run_dir", type=click.Path(path_type=Path))
@spoken
def command(run_dir: Path, quiet: bool, as_json: bool) -> None:
    """List what of RUN_DIR is open and more blocks may decide, the most promising first."""
    with errors(as_json):
        run = load(run_dir)
        found = open_questions(run, judge_all(run))
    if as_json:
        document({"exit": int(Exit.OK), OPEN: [asdict(one) for one in found]})
    elif not quiet:
        for one in found:
            need = "nobody can say how many" if one.needed is None else f"about {one.needed:,}"
            points = plural(len(one.points), "point")
            echo(f"{one.name}, {one.title}: {need} more blocks of {points}")
        if not found:
            echo("more blocks would decide nothing of this run")
