"""What a command answers to a pipeline: one JSON document on standard output."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from contract.exits import Exit, LabError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from analysis.compare.comparison import Comparison
    from analysis.compare.report import Written
    from analysis.history.trend import Trend
    from analysis.outcomes.thresholds import Kept
    from analysis.report.report import Report
    from contract.csv_check import LeftOut

VERDICT = (
    *("claim", "title", "verdict", "measured", "low", "high", "unit"),
    *("counted", "failed", "error_share"),
)
FIGURE = ("run", "point", "metric", "base_value", "value", "ratio", "low", "high", "text")


def answer(document: dict[str, Any]) -> None:
    """Write the document; numbers that are not known are null."""
    click.echo(json.dumps(document, allow_nan=False))


@contextmanager
def in_json(wanted: bool) -> Iterator[None]:
    """Where a document is wanted, an error is one as well; its exit code stays."""
    try:
        yield
    except LabError as error:
        if not wanted:
            raise
        answer({"exit": int(error.exit), "error": str(error)})
        sys.exit(error.exit)


def of_report(made: Report, run_dir: Path) -> dict[str, Any]:
    """A report: where it is, and the verdicts."""
    from analysis.claims.verdicts import as_table

    return {
        "exit": int(made.exit),
        "run": str(run_dir.resolve()),
        "report": str(made.html.resolve()),
        "verdicts": _rows(as_table(made.verdicts)[list(VERDICT)]),
        "notes": list(made.notes),
        "left_out": _left_out(made.spoiled),
        "thresholds": [_of_limit(limit) for limit in made.limits],
    }


def _of_limit(limit: Kept) -> dict[str, Any]:
    value = limit.value if np.isfinite(limit.value) else None
    return {**asdict(limit), "value": value, "holds": limit.holds, "word": limit.word}


def of_comparison(comparison: Comparison, written: Written) -> dict[str, Any]:
    """A comparison: what changed, in numbers and words."""
    counts = comparison.figures["word"].value_counts()
    return {
        "exit": int(comparison.exit),
        "result": comparison.exit.name.lower(),
        "summary": comparison.summary,
        "runs": [str(run.path.resolve()) for run in comparison.runs],
        "report": str(written.html.resolve()),
        "figures": {str(word): int(count) for word, count in counts.items()},
        "regressions": _rows(comparison.regressions[list(FIGURE)]),
        "unknown": _rows(comparison.unknown[list(FIGURE)]),
        "differences": {one.key: list(one.values) for one in comparison.differences},
        "notes": list(comparison.notes),
        "left_out": {str(run.path.resolve()): _left_out(run.spoiled) for run in comparison.runs},
    }


def of_trend(trend: Trend, html: Path) -> dict[str, Any]:
    """A trend: its runs, oldest first, and each server's figures beside the first run's."""
    return {
        "exit": int(Exit.OK),
        "experiment": trend.name,
        "report": str(html.resolve()),
        "runs": trend.runs["run"].tolist(),
        "figures": _rows(trend.figures),
        "left_out": {run: _left_out(rows) for run, rows in trend.spoiled.items()},
        "notes": list(trend.notes),
    }


def _left_out(spoiled: Sequence[LeftOut]) -> list[dict[str, Any]]:
    """Rows that are out of order: line, trial, column, value and what is expected."""
    return [one._asdict() for one in spoiled]


def _rows(table: Any) -> list[dict[str, Any]]:
    plain = table.astype(object)
    unknown = table.isna() | table.isin([np.inf, -np.inf])
    rows: list[dict[str, Any]] = plain.mask(unknown, None).to_dict("records")
    return rows
