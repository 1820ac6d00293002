"""Tests for what failed in two runs: counts of trials, and shares of attempts.

Failed trials are counted, and compared by Boschloo's exact test (`statistics.exact_tests`). It is
never weaker than Fisher's: three crashes of three against none give p = 0.03, and 0.1 by Fisher's.

Errors and missing answers come in clusters, so the sample is the block and not the attempt: the
share of each block on the scale of arcsin sqrt, where chance alone spreads all shares alike
(Anscombe, Biometrika 35, 1948), by Welch's t (*The generalization of Student's problem*, Biometrika
34, 1947). No variance counts as less than that of as many independent attempts.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from analysis.arrays import Floats
from analysis.statistics.looks import CONFIDENCE

LEVEL = 1 - CONFIDENCE


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
