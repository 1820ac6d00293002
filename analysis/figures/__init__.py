"""Figures, found by file: every module here is one.

A figure module has NAME (also its file's name in a report), TITLE, QUESTION, ORDER
(place in the report), CLAIMS (numbers that it bears on) and three functions of a run:
`table` (the numbers, a row per point; empty if the run has none), `draw` (a
matplotlib Figure) and `reading` (what to see, in two sentences, from the numbers). It
may have two more: `chart` (the same for the reader to explore, `analysis.charts.interactive`) and
`chosen` (the trials that it stands on, with the index of `run.trials`).
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from analysis.charts.interactive import Chart
    from analysis.records.run import Run


class FigureModule(Protocol):
    """The interface of a figure."""

    NAME: str
    TITLE: str
    QUESTION: str
    ORDER: int
    CLAIMS: tuple[int, ...]

    def table(self, run: Run) -> pd.DataFrame:
        """The numbers behind the picture; a metric's interval in _low and _high."""

    def draw(self, run: Run) -> Figure:
        """The picture."""

    def reading(self, run: Run) -> str:
        """What to see in it, in about two sentences that hold for this run."""


@cache
def all_figures() -> dict[str, FigureModule]:
    """Every figure by name, in the order of the report."""
    modules = [
        cast("FigureModule", importlib.import_module(f"{__name__}.{found.name}"))
        for found in pkgutil.iter_modules(__path__)
        if not found.name.startswith("_")
    ]
    return {module.NAME: module for module in sorted(modules, key=lambda m: (m.ORDER, m.NAME))}


def chart_of(figure: FigureModule, run: Run) -> Chart | None:
    """The chart to explore of a figure; None where it has only a picture."""
    make = getattr(figure, "chart", None)
    return cast("Chart | None", make(run)) if make else None


def rows_of(figure: FigureModule, run: Run) -> NDArray[np.intp]:
    """Places in trials.csv, from 0, of the trials behind a figure; all, if it does not say."""
    choose = getattr(figure, "chosen", None)
    trials = choose(run) if choose else run.trials
    return np.sort(trials.index.to_numpy(dtype="intp"))
