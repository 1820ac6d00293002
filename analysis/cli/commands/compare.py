"""`compare BASE RUNS...`: what changed between runs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from analysis.cli.answers import document, errors
from analysis.cli.compared import content, show
from analysis.compare import comparison, report
from analysis.compare.way_on import way_on
from contract.compared import parsed_share
from contract.console import echo, spoken


@click.command("compare")
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("runs", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--tolerance", default="10%", help="A regression beyond it fails; 10% or 0.1.")
@click.option("--metrics", default="", help="Only these columns, separated by commas.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the files.")
@spoken
def command(
    base: Path,
    runs: tuple[Path, ...],
    tolerance: str,
    metrics: str,
    output: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Compare RUNS with the run in BASE, figure by figure.

    Writes comparison.html, .md and .csv into the newest run's folder, or into
    comparison-of-runs there where that run compares two servers itself. Ends with 0 if
    nothing got worse, 8 after a regression beyond the tolerance, 9 if it cannot tell.
    What failed is compared whatever the metrics.
    """
    with errors(as_json):
        chosen = metrics.replace(",", " ").split()
        made = comparison.compare([base, *runs], parsed_share(tolerance), chosen)
        files = report.write(made, output or report.usual_folder(made))
    if as_json:
        document(content(made, files))
    elif not quiet:
        show(made, files)
        if told := way_on(made):
            echo(told)
    sys.exit(made.exit)
