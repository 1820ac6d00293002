"""One figure of a run beside the same figure of the base run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd


class ComparedFigure(NamedTuple):
    """A point and a metric in two runs: a row of a comparison's figures. `base_value` and `value`
    have the unit of the metric; changes are shares, spreads those of logarithms."""

    key: str  # the point, by its settings
    point: str  # in words
    server: str
    reference: bool  # whether it is of the reference trials
    metric: str
    base_value: float  # geometric mean of the blocks; of failures, the share
    value: float
    ratio: float
    low: float  # the 95% interval of the ratio
    high: float
    freedom: float  # degrees of freedom of the interval
    beside: bool  # whether the ratio is one of ratios to the reference, because that moved
    noise: float  # a smaller change could not be seen
    n_base: int  # blocks; of failed trials, trials
    n: int
    spread: float  # standard deviation of one block
    stray: float  # standard deviation of servers from the reference, which no repeats lower
    p: float  # of this figure by itself
    why: str  # the reason why it cannot be compared, or ''
    failed: int  # trials of the point in the second run that the server failed
    counted: int  # trials of the point in the second run that say something about the server
    low_base: int  # trials of the base run in which it is a lower bound
    low_here: int  # trials of the second run in which it is one
    base: str  # name of the base run
    run: str  # name of the second run
    word: str  # CHANGED, CANNOT_TELL or WITHIN_NOISE
    repeats: float  # needed to see a change of the tolerance; NaN if not known
    worsening: float  # infinite for more failed trials, below zero for better


def worst(figures: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most so many of the rows, in their order: where there are more, those that got worse by
    more go before others."""
    kept = figures["worsening"].sort_values(ascending=False, kind="stable").index[:most]
    return figures[figures.index.isin(kept)]


def compared_figures(figures: pd.DataFrame) -> Iterator[ComparedFigure]:
    """The rows of a frame that has these columns."""
    rows = figures[list(ComparedFigure._fields)].itertuples(index=False, name=None)
    return (ComparedFigure(*row) for row in rows)
