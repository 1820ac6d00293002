"""The command line: report, compare, history, claims.

Each command imports what it needs when it needs it: some need no pictures.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from analysis.cli.json_output import answer, in_json, of_comparison, of_report, of_trend
from contract.console import echo, spoken
from contract.exits import Exit, LabError


@click.group()
def cli() -> None:
    """From the records of a run to verdicts, figures and a report."""


@cli.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@spoken
def report(run_dir: Path, quiet: bool, as_json: bool) -> None:
    """Write report.html, report.md, verdicts.csv and figures/ into RUN_DIR."""
    from analysis.report.report import build

    with in_json(as_json):
        made = build(run_dir)
    if as_json:
        answer(of_report(made, run_dir))
    elif not quiet:
        from analysis.cli.console_output import tell_report

        tell_report(made)
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
    from analysis.compare.comparison import compare as compared
    from analysis.compare.report import newest, write

    with in_json(as_json):
        share = parsed_share(tolerance)
        found = compared([base, *runs], share, metrics.replace(",", " ").split())
        written = write(found, output or newest(found))
    if as_json:
        answer(of_comparison(found, written))
    elif not quiet:
        from analysis.cli.console_output import tell_comparison

        tell_comparison(found)
        echo(f"Comparison: {written.html}")
    sys.exit(found.exit)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@spoken
def history(folder: Path, quiet: bool, as_json: bool) -> None:
    """The trend over all runs of one experiment in FOLDER (results/EXPERIMENT).

    Writes history.html, .md and .csv there.
    """
    from analysis.history.report import write
    from analysis.history.trend import history as trend_of

    with in_json(as_json):
        trend = trend_of(folder)
        written = write(trend, folder)
    if as_json:
        answer(of_trend(trend, written.html))
    elif not quiet:
        for note in trend.notes:
            echo(f"note: {note}")
        echo(f"History of {len(trend.runs)} runs: {written.html}")


@cli.command()
@click.argument("results", type=click.Path(path_type=Path), default=Path("results"))
def claims(results: Path) -> None:
    """List the claims that the lab judges, each with its last verdict in RESULTS."""
    from analysis.claims.latest_verdicts import last_verdicts
    from analysis.cli.console_output import tell_claims

    tell_claims(last_verdicts(results))


def parsed_share(text: str) -> float:
    """'10%' or '0.1' as 0.1; LabError(BAD_INPUT) for what is no share between 0 and 1."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise LabError(f"--tolerance {text}: expected a share such as 10% or 0.1", Exit.BAD_INPUT)
    return value


def run() -> None:
    """Run the command line; what a person can mend ends in a named exit code."""
    try:
        cli.main(standalone_mode=False)
    except LabError as error:
        echo(str(error), err=True)
        sys.exit(error.exit)
    except click.UsageError as error:
        error.show()
        sys.exit(Exit.USAGE)
    except click.Abort:
        sys.exit(Exit.INTERRUPTED)
