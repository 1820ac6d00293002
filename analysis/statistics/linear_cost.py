"""Does a cost grow linearly? Least squares on the number of connections, block by block.

A server that looks at every connection on every turn takes a time per request of
a + b x N, so 1/rate is a straight line in N.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import pandas as pd

from analysis.statistics.estimates import Estimate, estimate

LEVELS_NEEDED = 3
"""Distinct x in a block: two always lie on a line, which would prove nothing."""


@dataclass(frozen=True, slots=True)
class Growth:
    """One line in each block: its `r_squared`, and `slope`, what y grows by for one more x."""

    r_squared: Estimate
    slope: Estimate


def growth(
    blocks: Iterable[int],
    x: Iterable[float],
    y: Iterable[float],
    first_of: Callable[[pd.Series[float]], int] = lambda _: 0,
) -> Growth:
    """A line through the median y of each x, in each block that has at least LEVELS_NEEDED.
    `first_of` tells of figures by block how many there were at the first look of several."""
    table = pd.DataFrame({"block": blocks, "x": x, "y": y}).dropna()
    points = table.groupby(["block", "x"], as_index=False)["y"].median()
    points = points[points.groupby("block")["x"].transform("size") >= LEVELS_NEEDED]
    from_mean = points[["x", "y"]] - points.groupby("block")[["x", "y"]].transform("mean")
    squares = pd.DataFrame(
        {
            "xx": from_mean["x"] ** 2,
            "xy": from_mean["x"] * from_mean["y"],
            "yy": from_mean["y"] ** 2,
        }
    )
    sums = squares.groupby(points["block"]).sum()
    # Where all y are equal there is nothing to explain, and R² is 0.
    r_squared = (sums["xy"] ** 2 / (sums["xx"] * sums["yy"])).fillna(0.0)
    slope = sums["xy"] / sums["xx"]
    straight = estimate(r_squared, first_of(r_squared))
    if straight.bounded:
        straight = replace(straight, low=max(0.0, straight.low), high=min(1.0, straight.high))
    return Growth(straight, estimate(slope, first_of(slope)))
