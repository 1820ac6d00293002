"""A comparison as an answer: a document, or lines on a terminal."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.cli.answers import left_out, rows
from analysis.compare.compared_figure import compared_figures, worst
from analysis.compare.comparison import RunComparison
from analysis.compare.metrics import ALL_METRICS, CANNOT_TELL, CHANGED, FAILURES
from analysis.exports import ExportedFiles
from contract.console import echo

MOST_FIGURES = 20
FIGURE = ["run", "point", "metric", "base_value", "value", "ratio", "low", "high", "text"]


def content(made: RunComparison, files: ExportedFiles) -> dict[str, Any]:
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


def show(made: RunComparison, files: ExportedFiles) -> None:
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
