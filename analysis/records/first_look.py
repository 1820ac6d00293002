"""At how many blocks a run looked at a figure for the first time, before it measured more."""

from __future__ import annotations

import pandas as pd

from analysis.records.run import Run


def first_look(run: Run, figures: pd.Series[float], least: int) -> int:
    """Blocks of a first look at a figure: those of the plan that have it, and at `least` so many;
    0 in a run that looks once."""
    if not looks_again(run):
        return 0
    planned = run.manifest.repeats or 0
    known = figures.dropna().index
    return max(least, int((known <= planned).sum()))


def looks_again(run: Run) -> bool:
    """Whether it looked, or would have, and measured more."""
    return bool(run.manifest.budget_s or run.manifest.more_blocks)
