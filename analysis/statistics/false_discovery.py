"""Many figures at once: by chance alone one in twenty would seem to have changed.

The share of false finds among all finds is held at 5%: Benjamini and Hochberg,
*Controlling the false discovery rate*, Journal of the Royal Statistical Society B 57
(1995). It holds for figures that depend on each other in the same direction, as
metrics of one trial do (Benjamini and Yekutieli, Annals of Statistics 29, 2001).
Where nothing changed at all, every find is false: so in 95% of such comparisons
there is none.
"""

from __future__ import annotations

import numpy as np

from analysis.arrays import Floats


def adjusted(p: Floats) -> Floats:
    """p-values after the step-up procedure: below q they are finds at a false
    discovery rate of q. NaN stays NaN and counts for nothing."""
    found = np.full(len(p), np.nan)
    order = np.argsort(-p)[: np.isfinite(p).sum()]  # NaN sorts last
    many = np.arange(len(order), 0, -1)
    found[order] = np.minimum.accumulate(p[order] * (len(order) / many))
    return found
