"""Tests for what failed in two runs: counts of trials, and shares of attempts.

Failed trials are counted, and compared by Boschloo's exact test (*Raised conditional level of
significance for the 2 x 2-table when testing the equality of two probabilities*, Statistica
Neerlandica 24, 1970). It is never weaker than Fisher's: three crashes of three against none give
p = 0.03, and 0.1 by Fisher's. `scipy.stats` has it too; importing that takes longer than the rest
of a comparison, and each test forty times as long.

Errors and missing answers come in clusters, so the sample is the block and not the attempt: the
share of each block on the scale of arcsin sqrt, where chance alone spreads all shares alike
(Anscombe, Biometrika 35, 1948), by Welch's t (*The generalization of Student's problem*, Biometrika
34, 1947). No variance counts as less than that of as many independent attempts.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import special

from analysis.arrays import Floats, Numbers
from analysis.statistics.medians import CONFIDENCE

LEVEL = 1 - CONFIDENCE
SHARES = np.linspace(0, 1, 1001)[1:-1]
"""Of trials that fail: where the chance of an outcome is looked at."""
ROUNDING = 1e-7


@lru_cache(maxsize=4096)
def boschloo(failed_base: int, failed: int, n_base: int, n: int) -> float:
    """The two-sided p of so many failures in each run, if both fail equally often."""
    if failed_base * n == failed * n_base:
        return 1.0
    fewer, more = _fewer(failed_base, failed, n_base, n), _fewer(failed, failed_base, n, n_base)
    return min(1.0, 2 * min(fewer, more))


def _fewer(failed: int, failed_other: int, n: int, n_other: int) -> float:
    """The one-sided p: the largest chance, whatever the share that fails, of outcomes which
    Fisher's test finds as unlikely as this one, in that the first run fails less often."""
    every = n + n_other
    totals = np.arange(every + 1)
    bound = _fisher(n, n_other, failed + failed_other, failed)[-1] * (1 + ROUNDING)
    held = np.zeros(every + 1)
    for total in totals:
        below = _fisher(n, n_other, total, min(n, total))
        place = np.searchsorted(below, bound, side="right")
        held[total] = below[place - 1] if place else 0.0
    logs = totals * np.log(SHARES)[:, None] + (every - totals) * np.log1p(-SHARES)[:, None]
    return float((held * np.exp(_log_ways(every, totals) + logs)).sum(axis=1).max())


def _fisher(n: int, n_other: int, total: int, most: int) -> Floats:
    """By Fisher's test, the chance of at most so many failures of the first run, up to `most`, if
    `total` fail in both."""
    failed = np.arange(max(0, total - n_other), most + 1)
    ways = _log_ways(n, failed) + _log_ways(n_other, total - failed)
    chances: Floats = np.cumsum(np.exp(ways - _log_ways(n + n_other, np.array(total))))
    return chances


def _log_ways(n: int, k: Numbers) -> Floats:
    """The logarithm of how many ways there are to choose k of n."""
    found: Floats = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    return found


def welch(few_base: Floats, of_base: Floats, few: Floats, of: Floats) -> float:
    """The two-sided p of the shares few / of, a value per block, against those of the base; NaN
    where a run has fewer than two blocks."""
    middles, errors, freedoms = [], [], []
    for part, whole in ((few_base, of_base), (few, of)):
        counted = whole > 0
        n = int(counted.sum())
        if n < 2:
            return float("nan")
        angles = np.arcsin(np.sqrt(part[counted] / whole[counted]))
        least = float((1 / (4 * whole[counted])).mean())
        middles.append(angles.mean())
        errors.append(max(float(angles.var(ddof=1)), least) / n)
        freedoms.append(n - 1)
    total = sum(errors)
    freedom = total**2 / sum(e**2 / f for e, f in zip(errors, freedoms, strict=True))
    t = abs(middles[1] - middles[0]) / np.sqrt(total)
    return float(2 * special.stdtr(freedom, -t))
