"""The command line: report, compare, history, claims."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analysis.claims.latest_verdicts import last_verdicts
from analysis.cli import console_output, json_output
from analysis.compare import comparison
from analysis.compare import report as comparison_report
from analysis.history import report as history_report
from analysis.history import trend
from analysis.report.report import build
from contract.console import echo, spoken
from contract.exits import Exit, LabError

if TYPE_CHECKING:
    from analysis.charts.painters import Painters


@click.group()
def cli() -> None:
    """From the records of a run to verdicts, figures and a report."""


@cli.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@spoken
@click.pass_obj
def report(painters: Painters | None, run_dir: Path, quiet: bool, as_json: bool) -> None:
    """Write report.html, report.md, verdicts.csv and figures/ into RUN_DIR."""
    with json_output.errors(as_json):
        made = build(run_dir, painters)
    if as_json:
        json_output.report(made, run_dir)
    elif not quiet:
        console_output.report(made)
    sys.exit(made.exit)


@cli.command()
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("runs", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--tolerance", default="10%", help="A regression beyond it fails; 10% or 0.1.")
@click.option("--metrics", default="", help="Only these columns, separated by commas.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the files.")
@spoken
def compare(
    base: Path,
    runs: tuple[Path, ...],
    tolerance: str,
    metrics: str,
    output: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Compare RUNS with the run in BASE, figure by figure.

    Writes comparison.html, .md and .csv into the newest run's folder. Ends with 0 if
    nothing got worse, 8 after a regression beyond the tolerance, 9 if it cannot tell.
    What failed is compared whatever the metrics.
    """
    with json_output.errors(as_json):
        chosen = metrics.replace(",", " ").split()
        made = comparison.compare([base, *runs], parsed_share(tolerance), chosen)
        files = comparison_report.write(made, output or comparison_report.newest(made))
    if as_json:
        json_output.comparison(made, files)
    elif not quiet:
        console_output.comparison(made, files)
    sys.exit(made.exit)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@spoken
def history(folder: Path, quiet: bool, as_json: bool) -> None:
    """The trend over all runs of one experiment in FOLDER (results/EXPERIMENT).

    Writes history.html, .md and .csv there.
    """
    with json_output.errors(as_json):
        made = trend.history(folder)
        files = history_report.write(made, folder)
    if as_json:
        json_output.history(made, files)
    elif not quiet:
        console_output.history(made, files)


@cli.command()
@click.argument("results", type=click.Path(path_type=Path), default=Path("results"))
def claims(results: Path) -> None:
    """List the claims that the lab judges, each with its latest verdict in RESULTS."""
    console_output.claims(last_verdicts(results))


def parsed_share(text: str) -> float:
    """'10%' or '0.1' as 0.1; LabError(BAD_INPUT) unless it is a share between 0 and 1."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise LabError(f"--tolerance {text}: expected a share such as 10% or 0.1", Exit.BAD_INPUT)
    return value


def run(painters: Painters) -> None:
    """Run the command line; an error that a person can mend ends with a named exit code."""
    try:
        cli.main(standalone_mode=False, obj=painters)
    except LabError as error:
        echo(str(error), err=True)
        sys.exit(error.exit)
    except click.UsageError as error:
        error.show()
        sys.exit(Exit.USAGE)
    except click.Abort:
        sys.exit(Exit.INTERRUPTED)
