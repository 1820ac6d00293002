"""Does a cost grow linearly? Least squares of 1/rate on the number of connections.

A server that looks at every connection on every turn takes a time per request of
a + b x N, so 1/rate is a straight line in N. The line is fitted by ordinary least
squares (`analysis.statistics.regression`) within each block.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.statistics.estimates import Estimate, estimate
from analysis.statistics.regression import fit

LEVELS_NEEDED = 3


@dataclass(frozen=True, slots=True)
class Growth:
    """Per block: `r_squared`, and `slope_us`, microseconds per request that one
    more connection costs. `levels` is the smallest number of distinct N in a block."""

    r_squared: Estimate
    slope_us: Estimate
    levels: int


def growth(trials: pd.DataFrame, axis: str, rate: str = "requests_per_s") -> Growth:
    """Fit a line in each block that has at least three distinct values of `axis`
    (two always lie on a line, which would prove nothing)."""
    if not len(trials):
        return Growth(estimate([]), estimate([]), 0)
    table = pd.DataFrame(
        {
            "block": trials["block"].to_numpy(dtype="int64"),
            "x": trials[axis].to_numpy(dtype="float64"),
            "rate": trials[rate].to_numpy(dtype="float64", na_value=np.nan),
        }
    )
    points = table[table["rate"] > 0].groupby(["block", "x"], as_index=False)["rate"].median()
    levels = points.groupby("block")["x"].transform("size")
    fewest = int(levels.min()) if len(levels) else 0
    enough = points[levels >= LEVELS_NEEDED]
    if not len(enough):
        return Growth(estimate([]), estimate([]), fewest)
    blocks = enough.groupby("block").ngroup().to_numpy(dtype="int64")
    lines = fit(blocks, enough["x"].to_numpy(), 1e6 / enough["rate"].to_numpy())
    straight = estimate(lines.r_squared)
    if straight.bounded:
        straight = replace(straight, low=max(0.0, straight.low), high=min(1.0, straight.high))
    return Growth(straight, estimate(lines.slope), fewest)
