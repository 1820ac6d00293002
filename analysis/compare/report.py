"""A comparison as files: `comparison.html`, `comparison.md` and `comparison.csv`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from markupsafe import Markup

from analysis.compare.compared_figure import compared_figures, worst
from analysis.compare.comparison import RunComparison
from analysis.compare.metrics import (
    ALL_METRICS,
    CANNOT_TELL,
    CHANGED,
    FAILURES,
    WITHIN_NOISE,
)
from analysis.compare.picture import drawn, picture
from analysis.compare.wording import side_by_side, times
from analysis.exports import ExportedFiles, export, save_picture
from analysis.records.run import Run
from analysis.rendering import write_errors
from analysis.tables import Table
from analysis.wording import SYMBOLS, count
from contract.run_order import given_twice, sequence

NAME = "comparison"
AMONG_RUNS = "comparison-of-runs"
"""The folder of these files in a run that has a comparison of its own, of two servers."""
CSV_COLUMNS = [
    *("base", "run", "point", "server", "reference", "metric", "base_value", "value", "ratio"),
    *("low", "high", "beside", "noise", "n_base", "n", "failed", "counted", "repeats"),
    *("word", "text"),
]
LOOKS = {
    "worse": "refuted",
    "better": "reproduced",
    CANNOT_TELL: "inconclusive",
    WITHIN_NOISE: "not run",
}
"""The verdict of a report whose look each kind of figure takes over."""
ORDER = {CHANGED: 0, CANNOT_TELL: 1, WITHIN_NOISE: 2}
HEADINGS = ["point", "metric", "", "", "ratio (95% interval)", "verdict", "repeats"]
OF_RUNS = ("base", "this run")
"""Above the two columns whose headings say whose they are; those of servers have their names."""
NUMERIC = [False, False, True, True, True, False, True]
MOST_ROWS = 400


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A run beside the base: its picture, the figures that changed or cannot be judged, and the
    `quiet` ones within noise, by metric."""

    run: str
    name: str
    svg: Markup | None
    noteworthy: Table
    quiet: list[tuple[str, Table]]


def write(comparison: RunComparison, folder: Path) -> ExportedFiles:
    """Write the files into `folder`, with the pictures in `figures/` there. LabError if that
    cannot be done."""
    with write_errors():
        folder.mkdir(parents=True, exist_ok=True)
        page = {
            "name": comparison.runs[0].name,
            "run_id": comparison.runs[0].path.resolve().name,
            "of_one_run": comparison.of_one_run,
            "labels": comparison.names,
            "summary": comparison.summary,
            "chips": _chips(comparison.figures),
            "differences": _differences(comparison),
            "notes": comparison.notes,
            "runs": _runs(comparison),
            "tolerance": comparison.tolerance,
            "pairs": [
                _compared_run(comparison, name, place, folder)
                for place, name in enumerate(comparison.names[1:], 1)
            ],
        }
        return export(NAME, folder, page, comparison.figures[CSV_COLUMNS])


def usual_folder(comparison: RunComparison) -> Path:
    """Where the files of a comparison of runs go: into the newest run's folder, beside its report;
    into a folder of their own there where that run compares two servers, as its report has files of
    these names then."""
    run = _newest(comparison.runs)
    return run.path / AMONG_RUNS if run.manifest.compare else run.path


def _newest(runs: Sequence[Run]) -> Run:
    """The run that began last, by its sequence; by the clock where the runs are of several folders
    of results, or were, which have sequences of their own."""
    folders = {run.path.resolve().parent.parent for run in runs}
    counted = len(folders) == 1 and not given_twice(sequence(run.path) for run in runs)

    def began(run: Run) -> tuple[int, pd.Timestamp]:
        return (sequence(run.path) if counted else 0, run.trials["started_at"].min())

    return max(runs, key=began)


def _chips(figures: pd.DataFrame) -> list[tuple[str, str, str]]:
    """(class, symbol, text) of each kind of figure that there is, with its number."""
    worse = np.where(figures["worsening"] > 0, "worse", "better")
    counts = figures["word"].mask(figures["word"] == CHANGED, worse).value_counts()
    return [
        (look.replace(" ", "-"), SYMBOLS[look], f"{counts[kind]:,} {kind}")
        for kind, look in LOOKS.items()
        if kind in counts
    ]


def _differences(comparison: RunComparison) -> Table:
    headings = ["condition", *comparison.names]
    rows = [[one.key, *one.values] for one in comparison.differences]
    return Table(headings, rows, [False] * len(headings))


def _runs(comparison: RunComparison) -> Table:
    rows = [
        [name, str(run.trials["started_at"].min())[:16], count(len(run.trials)), str(run.path)]
        for run, name in zip(comparison.runs, comparison.names, strict=True)
    ]
    return Table(["run", "began (UTC)", "trials", "folder"], rows, [False, False, True, False])


def _compared_run(comparison: RunComparison, run: str, place: int, folder: Path) -> ComparedRun:
    figures = comparison.figures[comparison.figures["run"] == run]
    base = comparison.names[0]
    name = NAME if len(comparison.runs) == 2 else f"{NAME}-{place}"
    svg = None
    if drawn(figures).any():
        label = f"Every figure of {run} beside that of {base}."
        svg = save_picture(picture(figures, run, base), folder, name, label)
    quiet = (figures["word"] == WITHIN_NOISE) & ~figures["metric"].isin(FAILURES)
    sides = comparison.names if comparison.of_one_run else OF_RUNS
    telling = figures[~quiet].sort_values("word", key=lambda word: word.map(ORDER), kind="stable")
    return ComparedRun(
        run,
        name,
        svg,
        _table(telling, sides),
        [
            (ALL_METRICS[str(metric)].title, _table(mine, sides, with_metric=False))
            for metric, mine in figures[quiet].groupby("metric", sort=False)
        ],
    )


def _table(figures: pd.DataFrame, sides: Sequence[str], *, with_metric: bool = True) -> Table:
    headings = [*HEADINGS[:2], *sides, *HEADINGS[4:]]
    shown = worst(figures, MOST_ROWS)
    rows = [
        [
            figure.point,
            ALL_METRICS[figure.metric].title,
            *side_by_side(figure),
            times(figure),
            text,
            count(figure.repeats),
        ]
        for figure, text in zip(compared_figures(shown), shown["text"], strict=True)
    ]
    columns = [place for place in range(len(HEADINGS)) if with_metric or place != 1]
    return Table(
        [headings[place] for place in columns],
        [[row[place] for place in columns] for row in rows],
        [NUMERIC[place] for place in columns],
        len(figures) - len(shown),
        rest=f"{NAME}.csv",
    )
