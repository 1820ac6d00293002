"""Figures, found by file: every module here whose name begins with a letter has one, FIGURE."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from analysis.arrays import Numbers
from analysis.charts.model import Chart
from analysis.records.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A part of the report: a question, the chart that answers it and the numbers behind that.

    `order` is its place in the report, `claims` are the numbers of those that it bears on. Of a
    run: `chosen` are the trials that it stands on, with the index of `run.trials`; `table` has the
    numbers, a row per point, a metric's interval in _low and _high, and is empty if the run has
    none; `chart` draws them; `reading` says what to see, in about two sentences that hold for this
    run. A figure that chooses only trials that have it has `candidates` too, those that it could
    stand on with the others: of a server that failed in all of them none is chosen. Raises
    ValueError for what cannot be a figure.
    """

    name: str
    title: str
    question: str
    order: int
    claims: tuple[int, ...] = ()
    chosen: Callable[[Run], pd.DataFrame]
    table: Callable[[Run], pd.DataFrame]
    chart: Callable[[Run], Chart]
    reading: Callable[[Run], str]
    candidates: Callable[[Run], pd.DataFrame] | None = None

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"figure {self.name!r}: its name is no file's")
        if not self.question.endswith("?"):
            raise ValueError(f"figure {self.name}: its question does not end with '?'")

    def rows(self, run: Run) -> Numbers:
        """Places in trials.csv, from 0, of the trials behind it."""
        return np.sort(self.chosen(run).index.to_numpy(dtype="intp"))

    def candidate_rows(self, run: Run) -> Numbers:
        """Places of the trials that it could stand on, whatever their words."""
        trials = (self.candidates or self.chosen)(run)
        return np.sort(trials.index.to_numpy(dtype="intp"))


@cache
def all_figures() -> dict[str, Figure]:
    """Every figure by name, in the order of the report; TypeError for a module without one."""
    found = []
    for name in (module.name for module in pkgutil.iter_modules(__path__)):
        if name.startswith("_"):
            continue
        figure = getattr(importlib.import_module(f"{__name__}.{name}"), "FIGURE", None)
        if not isinstance(figure, Figure) or figure.name != name:
            raise TypeError(f"{__name__}.{name}: expected FIGURE = Figure(name={name!r}, ...)")
        found.append(figure)
    return {one.name: one for one in sorted(found, key=lambda one: (one.order, one.name))}
