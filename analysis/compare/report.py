"""A comparison as files: `comparison.html`, `comparison.md` and `comparison.csv`."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd
from markupsafe import Markup

from analysis import wording
from analysis.charts.palette import css_variables
from analysis.charts.picture import save
from analysis.charts.svg import inline
from analysis.compare.figures import CANNOT_TELL, CHANGED, WITHIN_NOISE
from analysis.compare.metrics import COUNTED, FIGURES
from analysis.compare.picture import drawn, picture
from analysis.compare.wording import side_by_side, times
from analysis.records.csv_out import write_csv
from analysis.rendering import environment
from analysis.tables import Table
from contract.exits import Exit, LabError
from contract.run_order import sequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.compare.comparison import Comparison

T = TypeVar("T")
NAME = "comparison"
COLUMNS = (
    *("base", "run", "point", "server", "reference", "metric", "base_value", "value", "ratio"),
    *("low", "high", "beside", "noise", "n_base", "n", "failed", "counted", "repeats"),
    *("word", "text"),
)
CHIPS = {
    "worse": ("refuted", "✗"),
    "better": ("reproduced", "✓"),
    CANNOT_TELL: ("inconclusive", "?"),
    WITHIN_NOISE: ("not-run", "○"),
}
"""The look of a verdict of the report that each word takes over, and its symbol."""
MOST_ROWS = 400


@dataclass(frozen=True, slots=True)
class Written:
    """The files of a comparison."""

    html: Path
    markdown: Path
    csv: Path


@dataclass(frozen=True, slots=True)
class Pair:
    """A run beside the base: what deserves a look, and the rest by metric."""

    run: str
    name: str
    svg: Markup | None
    noteworthy: Table
    rest: list[tuple[str, Table]]


def write(comparison: Comparison, folder: Path) -> Written:
    """Write the files into `folder`, with the pictures in `figures/` there. LabError
    if that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        page = _page(comparison, folder)
        templates = environment()
        paths = []
        for end in ("html", "md"):
            content = templates.get_template(f"{NAME}.{end}.j2").render(page)
            paths.append(folder / f"{NAME}.{end}")
            paths[-1].write_text(content, encoding="utf-8")
        table = folder / f"{NAME}.csv"
        write_csv(comparison.figures[list(COLUMNS)], table)
    except OSError as error:
        raise LabError(f"{error.filename}: cannot be written: {error.strerror}") from None
    return Written(paths[0], paths[1], table)


def newest(comparison: Comparison) -> Path:
    """The folder of the run that began last. Where they are of several folders of results, which
    count each for themselves, the clock tells."""
    alone = len({run.path.resolve().parents[1] for run in comparison.runs}) == 1
    return max(
        comparison.runs,
        key=lambda run: (alone and sequence(run.path), run.trials["started_at"].min()),
    ).path


def _page(comparison: Comparison, folder: Path) -> dict[str, object]:
    runs = zip(comparison.runs, comparison.labels, strict=True)
    return {
        "name": comparison.runs[0].name,
        "labels": comparison.labels,
        "summary": comparison.summary,
        "chips": _chips(comparison),
        "differences": comparison.differences,
        "notes": comparison.notes,
        "runs": [
            (label, run.path, str(run.trials["started_at"].min())[:16], len(run.trials))
            for run, label in runs
        ],
        "tolerance": comparison.tolerance,
        "passed": comparison.exit is Exit.OK,
        "colours": css_variables(),
        "text": wording,
        "pairs": [
            _pair(comparison, label, number, folder)
            for number, label in enumerate(comparison.labels[1:], 1)
        ],
    }


def kinds(comparison: Comparison) -> pd.Series[str]:
    """A key of CHIPS for every figure."""
    worse = np.where(comparison.figures["worsening"] > 0, "worse", "better")
    word = comparison.figures["word"]
    return word.where(word != CHANGED, pd.Series(worse, index=word.index))


def _chips(comparison: Comparison) -> list[tuple[str, str, str]]:
    """(class, symbol, text) of each kind of figure that there is, with its number."""
    counts = kinds(comparison).value_counts()
    return [(*CHIPS[kind], f"{counts[kind]:,} {kind}") for kind in CHIPS if kind in counts]


def _pair(comparison: Comparison, label: str, number: int, folder: Path) -> Pair:
    mine = comparison.figures[comparison.figures["run"] == label]
    name = NAME if len(comparison.runs) == 2 else f"{NAME}-{number}"
    svg = None
    if drawn(mine).any():
        base = comparison.labels[0]
        text = save(picture(mine, label, base), folder / "figures", name)
        said = escape(f"Every figure of {label} beside that of {base}.", quote=True)
        # The SVG is matplotlib's own output, whose text it escapes itself.
        svg = Markup(inline(text, name, said))  # noqa: S704
    quiet = (mine["word"] == WITHIN_NOISE) & ~mine["metric"].isin(COUNTED)
    order = {CHANGED: 0, CANNOT_TELL: 1, WITHIN_NOISE: 2}
    telling = mine[~quiet]
    telling = telling.iloc[np.argsort(telling["word"].map(order), kind="stable")]
    rest = [
        (FIGURES[str(metric)].title, _table(group, with_metric=False))
        for metric, group in mine[quiet].groupby("metric", sort=False)
    ]
    return Pair(label, name, svg, _table(telling), rest)


def _table(figures: pd.DataFrame, with_metric: bool = True) -> Table:
    headings = ["point", "metric", "base", "this run", "ratio (95% interval)", "verdict", "repeats"]
    numeric = [False, False, True, True, True, False, True]
    rows = []
    for row in figures.head(MOST_ROWS).to_dict("records"):
        metric = FIGURES[row["metric"]].title
        # Below the number that a change of the tolerance needs, it could hide in the noise.
        needed = wording.count(row["repeats"])
        rows.append([row["point"], metric, *side_by_side(row), times(row), row["text"], needed])
    if not with_metric:
        headings, numeric = _without(headings, 1), _without(numeric, 1)
        rows = [_without(row, 1) for row in rows]
    return Table(headings, rows, numeric, max(0, len(figures) - MOST_ROWS))


def _without(values: Sequence[T], place: int) -> list[T]:
    return [value for at, value in enumerate(values) if at != place]
