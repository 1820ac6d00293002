"""What the commands answer to a pipeline: one JSON document on standard output."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from analysis.claims.verdicts import as_table
from contract.exits import Exit, LabError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pandas as pd

    from analysis.compare.comparison import RunComparison
    from analysis.exports import ExportedFiles
    from analysis.history.trend import Trend
    from analysis.outcomes.thresholds import Kept
    from analysis.report.report import Report
    from contract.csv_check import LeftOut

VERDICT = [
    *("claim", "title", "verdict", "measured", "low", "high", "unit"),
    *("counted", "failed", "error_share"),
]
FIGURE = ["run", "point", "metric", "base_value", "value", "ratio", "low", "high", "text"]


@contextmanager
def errors(as_json: bool) -> Iterator[None]:
    """With `as_json`, an error is a document as well; its exit code stays."""
    try:
        yield
    except LabError as error:
        if not as_json:
            raise
        _write({"exit": int(error.exit), "error": str(error)})
        sys.exit(error.exit)


def report(made: Report, run_dir: Path) -> None:
    """Where the report is, the verdicts, what was left out, and the thresholds."""
    _write(
        {
            "exit": int(made.exit),
            "run": str(run_dir.resolve()),
            "report": str(made.html.resolve()),
            "verdicts": _rows(as_table(made.verdicts)[VERDICT]),
            "notes": list(made.notes),
            "left_out": _left_out(made.spoiled),
            "thresholds": [_threshold(limit) for limit in made.limits],
        }
    )


def comparison(made: RunComparison, files: ExportedFiles) -> None:
    """What changed, in numbers and words."""
    counts = made.figures["word"].value_counts()
    _write(
        {
            "exit": int(made.exit),
            "result": made.exit.name.lower(),
            "summary": made.summary,
            "runs": [str(run.path.resolve()) for run in made.runs],
            "report": str(files.html.resolve()),
            "figures": {str(word): int(count) for word, count in counts.items()},
            "regressions": _rows(made.regressions[FIGURE]),
            "unknown": _rows(made.unknown[FIGURE]),
            "differences": {one.key: list(one.values) for one in made.differences},
            "notes": list(made.notes),
            "left_out": {str(run.path.resolve()): _left_out(run.spoiled) for run in made.runs},
        }
    )


def history(made: Trend, files: ExportedFiles) -> None:
    """The runs, oldest first, and each server's figures beside the first run's."""
    _write(
        {
            "exit": int(Exit.OK),
            "experiment": made.name,
            "report": str(files.html.resolve()),
            "runs": made.runs["run"].tolist(),
            "figures": _rows(made.figures),
            "left_out": {run: _left_out(rows) for run, rows in made.spoiled.items()},
            "notes": list(made.notes),
        }
    )


def _write(document: dict[str, Any]) -> None:
    """Write the document; numbers that are not known are null."""
    click.echo(json.dumps(document, allow_nan=False))


def _threshold(limit: Kept) -> dict[str, Any]:
    value = limit.value if np.isfinite(limit.value) else None
    return {**asdict(limit), "value": value, "holds": limit.holds, "word": limit.word}


def _left_out(spoiled: Sequence[LeftOut]) -> list[dict[str, Any]]:
    """The rows left out: line, trial, column, value and what was expected."""
    return [one._asdict() for one in spoiled]


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    unknown = table.isna() | table.isin([np.inf, -np.inf])
    plain: Any = table.astype(object).mask(unknown, None)
    rows: list[dict[str, Any]] = plain.to_dict("records")
    return rows
