"""The command line: report, compare, history, claims."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pandas as pd
from rich.console import Console
from rich.table import Table

from analysis.answers import answer, in_json, of_comparison, of_report, of_trend
from analysis.claim import load_claims
from analysis.compare_figures import CANNOT_TELL, CHANGED
from analysis.compare_metrics import METRICS
from analysis.judgement import Word
from analysis.last import last_verdicts
from analysis.report import SYMBOLS, build
from analysis.text import MISSING, interval, number, plural, with_unit
from experiments.exits import Exit, LabError
from experiments.spoken import spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.compare import Comparison
    from analysis.limits import Kept
    from analysis.painters import Painters
    from analysis.report import Report
    from analysis.verdicts import Verdict

MOST_TOLD = 20
COLOURS = {"reproduced": "green", "refuted": "red", "inconclusive": "yellow", "not run": "dim"}


@click.group()
def cli() -> None:
    """From the records of a run to verdicts, figures and a report."""


@cli.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@spoken
@click.pass_obj
def report(painters: Painters | None, run_dir: Path, quiet: bool, as_json: bool) -> None:
    """Write report.html, report.md, verdicts.csv and figures/ into RUN_DIR."""
    with in_json(as_json):
        made = build(run_dir, painters)
    if as_json:
        answer(of_report(made, run_dir))
    elif not quiet:
        _tell_report(made)
    sys.exit(made.exit)


def _tell_report(made: Report) -> None:
    if made.verdicts:
        Console(highlight=False).print(verdict_table(made.verdicts))
    for note in made.notes:
        click.echo(note)
    for limit in made.limits:
        click.echo(told(limit))
    click.echo(f"Report: {made.html}")


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
    """
    from analysis.compare import compare as compared
    from analysis.compare_report import newest, write

    with in_json(as_json):
        share = parsed_share(tolerance)
        found = compared([base, *runs], share, metrics.replace(",", " ").split())
        written = write(found, output or newest(found))
    if as_json:
        answer(of_comparison(found, written))
    elif not quiet:
        tell(found)
        click.echo(f"Comparison: {written.html}")
    sys.exit(found.exit)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@spoken
def history(folder: Path, quiet: bool, as_json: bool) -> None:
    """The trend over all runs of one experiment in FOLDER (results/EXPERIMENT).

    Writes history.html, .md and .csv there.
    """
    from analysis.history import history as trend_of
    from analysis.history_report import write

    with in_json(as_json):
        trend = trend_of(folder)
        written = write(trend, folder)
    if as_json:
        answer(of_trend(trend, written.html))
    elif not quiet:
        for note in trend.notes:
            click.echo(f"note: {note}")
        click.echo(f"History of {len(trend.runs)} runs: {written.html}")


def tell(found: Comparison) -> None:
    """What differs, what changed, and the summary, on the terminal."""
    for difference in found.differences:
        click.echo(f"differs: {difference.text}")
    for note in found.notes:
        click.echo(f"note: {note}")
    figures = found.figures
    told = pd.concat([figures[figures["word"] == word] for word in (CHANGED, CANNOT_TELL)])
    for row in told.head(MOST_TOLD).to_dict("records"):
        run = f"{row['run']}, " if len(found.runs) > 2 else ""
        click.echo(f"{run}{row['point']}: {METRICS[row['metric']].title}: {row['text']}")
    if len(told) > MOST_TOLD:
        click.echo(f"and {len(told) - MOST_TOLD} more")
    click.echo(found.summary)


def parsed_share(text: str) -> float:
    """'10%' or '0.1' as 0.1; LabError(BAD_INPUT) for what is no share between 0 and 1."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise LabError(f"--tolerance {text}: expected a share such as 10% or 0.1", Exit.BAD_INPUT)
    return value


@cli.command()
@click.argument("results", type=click.Path(path_type=Path), default=Path("results"))
def claims(results: Path) -> None:
    """List the claims that the lab judges, each with its last verdict in RESULTS."""
    table = Table(box=None, pad_edge=False)
    for heading in ("", "claim", "experiment", "last verdict", "run", "date"):
        table.add_column(heading, no_wrap=heading in ("", "experiment", "date"))
    last = last_verdicts(results)
    for key, claim in load_claims().items():
        found = last.get(key)
        shown = _coloured(Word(found.verdict)) if found else MISSING
        run, date = (found.run, found.date) if found else ("", "")
        table.add_row(str(key), claim.sentence, claim.experiment, shown, run, date)
    Console(highlight=False).print(table)


def _coloured(word: Word) -> str:
    colour = COLOURS[word]
    return f"[{colour}]{SYMBOLS[word]} {word}[/{colour}]"


def told(limit: Kept) -> str:
    """One threshold, in a line."""
    if not limit.points:
        return f"Threshold {limit.threshold}: no trial to judge it by."
    if limit.holds:
        return f"Threshold {limit.threshold}: kept by all of {plural(limit.points, 'point')}."
    return (
        f"Threshold {limit.threshold}: NOT kept by {limit.broken} of "
        f"{plural(limit.points, 'point')}; the worst is {limit.worst}, with {number(limit.value)}."
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
            found.title,
            with_unit(found.measured, found.unit),
            interval(found.low, found.high, found.unit) or MISSING,
            _coloured(found.verdict),
        )
    return table


def run(painters: Painters) -> None:
    """Run the command line; what a person can mend ends in a named exit code."""
    # The process ends with its one command: collecting cycles would only take time.
    gc.disable()
    try:
        cli.main(standalone_mode=False, obj=painters)
    except LabError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit)
    except click.UsageError as error:
        error.show()
        sys.exit(Exit.USAGE)
    except click.Abort:
        sys.exit(Exit.INTERRUPTED)
