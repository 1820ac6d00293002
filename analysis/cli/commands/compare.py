"""`compare BASE RUNS...`: what changed between runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import pandas as pd

from analysis.cli.answers import document, errors, left_out, rows
from analysis.compare import comparison, report
from analysis.compare.compared_figure import compared_figures, worst
from analysis.compare.comparison import RunComparison
from analysis.compare.metrics import ALL_METRICS, CANNOT_TELL, CHANGED, FAILURES
from analysis.exports import ExportedFiles
from contract.console import echo, spoken
from contract.exits import Exit, LabError

MOST_FIGURES = 20
FIGURE = ["run", "point", "metric", "base_value", "value", "ratio", "low", "high", "text"]


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

    Writes comparison.html, .md and .csv into the newest run's folder. Ends with 0 if
    nothing got worse, 8 after a regression beyond the tolerance, 9 if it cannot tell.
    What failed is compared whatever the metrics.
    """
    with errors(as_json):
        chosen = metrics.replace(",", " ").split()
        made = comparison.compare([base, *runs], parsed_share(tolerance), chosen)
        files = report.write(made, output or report.newest(made))
    if as_json:
        document(_content(made, files))
    elif not quiet:
        _show(made, files)
    sys.exit(made.exit)


def parsed_share(text: str) -> float:
    """'10%' or '0.1' as 0.1; LabError(BAD_INPUT) unless it is a share between 0 and 1."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise LabError(f"--tolerance {text}: expected a share such as 10% or 0.1", Exit.BAD_INPUT)
    return value


def _content(made: RunComparison, files: ExportedFiles) -> dict[str, Any]:
    """What changed, in numbers and words."""
    counts = made.figures["word"].value_counts()
    return {
        "exit": int(made.exit),
        "result": made.exit.name.lower(),
        "summary": made.summary,
        "runs": [str(run.path.resolve()) for run in made.runs],
        "report": str(files.html.resolve()),
        "figures": {str(word): int(count) for word, count in counts.items()},
        "regressions": rows(made.regressions[FIGURE]),
        "unknown": rows(made.unknown[FIGURE]),
        "differences": {one.key: list(one.values) for one in made.differences},
        "notes": list(made.notes),
        "left_out": {str(run.path.resolve()): left_out(run.spoiled) for run in made.runs},
    }


def _show(made: RunComparison, files: ExportedFiles) -> None:
    """What differs, the figures that failed, changed or cannot be judged, and the summary."""
    for difference in made.differences:
        echo(f"differs: {difference.text}")
    for note in made.notes:
        echo(f"note: {note}")
    word, failures = made.figures["word"], made.figures["metric"].isin(FAILURES)
    kinds = (failures, ~failures & (word == CHANGED), ~failures & (word == CANNOT_TELL))
    figures = pd.concat([made.figures[kind] for kind in kinds])
    shown = worst(figures, MOST_FIGURES)
    for figure, text in zip(compared_figures(shown), shown["text"], strict=True):
        run = f"{figure.run}, " if len(made.runs) > 2 else ""
        echo(f"{run}{figure.point}: {ALL_METRICS[figure.metric].title}: {text}")
    if len(figures) > len(shown):
        echo(f"and {len(figures) - len(shown)} more")
    echo(made.summary)
    echo(f"Comparison: {files.html}")
