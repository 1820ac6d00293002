"""Straight lines by ordinary least squares, many at once.

The textbook formulas (as in `scipy.stats.linregress`, which the tests compare
with), over groups of points in one pass, so that thousands of blocks cost no loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lines:
    """Per group: `slope` and its standard error, `r_squared`, and `n` points.
    NaN where a group has fewer than two distinct x (three points for the error)."""

    slope: Floats
    stderr: Floats
    r_squared: Floats
    n: NDArray[np.int64]


def fit(groups: NDArray[np.int64], x: Floats, y: Floats) -> Lines:
    """Fit y = a + b x in each group; `groups` numbers the points' groups from 0.

    A group whose y are all equal has no variance to explain: its R^2 is 0.
    """
    n = np.bincount(groups)
    dx = x - (np.bincount(groups, x) / n)[groups]
    dy = y - (np.bincount(groups, y) / n)[groups]
    sxx, syy = np.bincount(groups, dx * dx), np.bincount(groups, dy * dy)
    sxy = np.bincount(groups, dx * dy)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(sxx > 0, sxy / sxx, np.nan)
        r_squared = np.where(syy > 0, np.minimum(1.0, sxy * sxy / (sxx * syy)), 0.0)
        left = np.maximum(0.0, syy - sxy * slope)
        stderr = np.where(n > 2, np.sqrt(left / (n - 2) / sxx), np.nan)
    return Lines(slope, stderr, np.where(sxx > 0, r_squared, np.nan), n)
