"""Does a cost grow linearly? Least squares on the number of connections, block by block.

A server that looks at every connection on every turn takes a time per request of
a + b x N, so 1/rate is a straight line in N.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from analysis.statistics.estimates import Estimate, estimate

if TYPE_CHECKING:
    from collections.abc import Iterable

LEVELS_NEEDED = 3
"""Distinct x in a block: two always lie on a line, which would prove nothing."""


@dataclass(frozen=True, slots=True)
class Growth:
    """Of one line in each block: `r_squared`, and `slope`, what y grows by for one more x."""

    r_squared: Estimate
    slope: Estimate


def growth(blocks: Iterable[int], x: Iterable[float], y: Iterable[float]) -> Growth:
    """A line through the median y of each x, in each block that has at least LEVELS_NEEDED."""
    table = pd.DataFrame({"block": blocks, "x": x, "y": y}).dropna()
    points = table.groupby(["block", "x"], as_index=False)["y"].median()
    lines = [
        stats.linregress(mine["x"], mine["y"])
        for _, mine in points.groupby("block")
        if len(mine) >= LEVELS_NEEDED
    ]
    # Where all y are equal there is nothing to explain, and r is NaN.
    straight = estimate([np.nan_to_num(line.rvalue) ** 2 for line in lines])
    if straight.bounded:
        straight = replace(straight, low=max(0.0, straight.low), high=min(1.0, straight.high))
    return Growth(straight, estimate([line.slope for line in lines]))
