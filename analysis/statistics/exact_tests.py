"""Exact tests of counts in two groups: how likely chance alone makes them differ as much.

`scipy.stats` has them too; importing it takes longer than the rest of a comparison, and its
Boschloo's test takes ten times as long.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import special

from analysis.arrays import Floats, Numbers

SHARES = np.linspace(0, 1, 1001)[1:-1]
"""Shares of failing trials at which the chance of an outcome is looked at."""
ROUNDING = 1e-7


@lru_cache(maxsize=4096)
def boschloo(failed_base: int, failed: int, n_base: int, n: int) -> float:
    """The two-sided p of so many failures in each run, if both fail equally often: Boschloo's test
    (*Raised conditional level of significance for the 2 x 2-table when testing the equality of two
    probabilities*, Statistica Neerlandica 24, 1970)."""
    if failed_base * n == failed * n_base:
        return 1.0
    fewer, more = _fewer(failed_base, failed, n_base, n), _fewer(failed, failed_base, n, n_base)
    return min(1.0, 2 * min(fewer, more))


def fisher(failed: int, failed_other: int, n: int, n_other: int) -> float:
    """The one-sided p that the first group fails so seldom, given how many fail in both."""
    return float(_at_most(n, n_other, failed + failed_other, failed)[-1])


def _fewer(failed: int, failed_other: int, n: int, n_other: int) -> float:
    """The largest chance, whatever the share that fails, of outcomes which Fisher's test finds as
    unlikely as this one, in that the first group fails less often."""
    every = n + n_other
    totals = np.arange(every + 1)
    bound = fisher(failed, failed_other, n, n_other) * (1 + ROUNDING)
    held = np.zeros(every + 1)
    for total in range(every + 1):
        below = _at_most(n, n_other, total, min(n, total))
        place = np.searchsorted(below, bound, side="right")
        held[total] = below[place - 1] if place else 0.0
    logs = totals * np.log(SHARES)[:, None] + (every - totals) * np.log1p(-SHARES)[:, None]
    return float((held * np.exp(_log_ways(every, totals) + logs)).sum(axis=1).max())


def _at_most(n: int, n_other: int, total: int, most: int) -> Floats:
    """The chance of at most so many failures of the first group, from the fewest that can be to
    `most`, if `total` fail in both."""
    failed = np.arange(max(0, total - n_other), most + 1)
    ways = _log_ways(n, failed) + _log_ways(n_other, total - failed)
    chances: Floats = np.cumsum(np.exp(ways - _log_ways(n + n_other, np.array(total))))
    return chances


def _log_ways(n: int, k: Numbers) -> Floats:
    """The logarithm of how many ways there are to choose k of n."""
    found: Floats = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    return found
