"""Figures of some trials for a sentence: as bounds where they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.outcomes.lower_bounds import medians_bounded, sign
from analysis.records.run import Run
from analysis.selection.trials import at
from analysis.statistics.estimates import finite

Write = Callable[[float | None], str]


def median(values: pd.Series[float]) -> float:
    """Median of the values that are there; NaN without any."""
    data = finite(values)
    return float(np.median(data)) if len(data) else float("nan")


def figure(run: Run, trials: pd.DataFrame, metric: str, write: Write) -> str:
    """The median of those of the run's trials that count, with ≤ or ≥ where it is a bound."""
    valid = at(trials, valid=True)
    text = write(median(valid[metric]))
    return sign(metric, text) if _bound_median(run, valid, metric) else text


def _bound_median(run: Run, valid: pd.DataFrame, metric: str) -> bool:
    """Whether the median of these trials is one; nought is exact."""
    alike, rows = np.zeros(len(valid), dtype=int), valid.index.to_numpy(dtype=int)
    found = len(valid) > 0 and medians_bounded(run, metric, alike, 1, rows)[0]
    return bool(found) and median(valid[metric]) > 0
