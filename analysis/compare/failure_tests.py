"""Tests for what failed in two runs: counts of trials, and shares of attempts.

Failed trials are counted, and compared by Boschloo's exact test (*Raised conditional level of
significance for the 2 x 2-table when testing the equality of two probabilities*, Statistica
Neerlandica 24, 1970). It is never weaker than Fisher's: three crashes of three against none give
p = 0.03, and 0.1 by Fisher's.

Errors and missing answers come in clusters, so the sample is the block and not the attempt: the
share of each block on the scale of arcsin sqrt, where chance alone spreads all shares alike
(Anscombe, Biometrika 35, 1948), by Welch's t (*The generalization of Student's problem*, Biometrika
34, 1947). No variance counts as less than that of as many independent attempts.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import special
from scipy.stats import boschloo_exact

from analysis.statistics.medians import CONFIDENCE

if TYPE_CHECKING:
    from analysis.statistics.estimates import Floats

LEVEL = 1 - CONFIDENCE


@lru_cache(maxsize=4096)
def boschloo(failed_base: int, failed: int, n_base: int, n: int) -> float:
    """The two-sided p of so many failures in each run, if both fail equally often."""
    if failed_base * n == failed * n_base:
        return 1.0
    table = [[failed_base, failed], [n_base - failed_base, n - failed]]
    return float(boschloo_exact(table).pvalue)


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
