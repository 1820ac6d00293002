"""Figures, found by file: every module here is one.

A figure module has NAME (also its file's name in a report), TITLE, QUESTION, ORDER
(place in the report), CLAIMS (numbers that it bears on) and three functions of a run:
`table` (the numbers, a row per point; empty if the run has none), `draw` (a
matplotlib Figure) and `reading` (what to see, in two sentences, from the numbers).
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from analysis.records import Run


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
