"""Trials that stand apart from the other repeats of their point.

The rule is Iglewicz and Hoaglin's modified Z-score, *How to Detect and Handle
Outliers* (ASQC, 1993): 0.6745 x deviation / median absolute deviation, beyond 3.5.
Three repeats say too little by themselves, so the deviations of all points of the run
are pooled; they are of logarithms, from the point's median, and the median itself,
whose deviation is nothing by definition, is left out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.arrays import Floats

THRESHOLD = 3.5
NORMAL = 0.6745
"""The median absolute deviation of a normal distribution, in standard deviations."""
REPEATS_NEEDED = 3
DEVIATIONS_NEEDED = 5
SMALLEST = 0.05
"""A deviation below this share harms no conclusion, however steady the machine."""


def modified_z(deviations: Floats) -> Floats:
    """The modified Z-score of each deviation from a middle that is known.

    Where more than half of them are 0 the median deviation is 0 and says nothing: the
    mean absolute deviation takes its place (same source, section 3.3)."""
    size = np.abs(deviations)
    middle = float(np.median(size)) if len(size) else 0.0
    scale = middle / NORMAL if middle else float(size.mean()) * 1.253314 if len(size) else 0.0
    return deviations / scale if scale else np.zeros_like(deviations)


def outliers(trials: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The measured trials whose `metric` stands apart: `trial`, `point`, the metric and `deviation`
    (a share of their point's median), the furthest first."""
    values = trials[metric].to_numpy(dtype="float64", na_value=np.nan)
    kept = trials["measured"].to_numpy(dtype=bool) & np.isfinite(values) & (values > 0)
    chosen = trials[["trial", "point", metric]][kept]
    logs = pd.Series(np.log(values[kept]), index=chosen.index)
    groups = logs.groupby(chosen["point"].to_numpy(), observed=True)
    deviations = (logs - groups.transform("median")).to_numpy(dtype="float64")
    judged = (groups.transform("size").to_numpy() >= REPEATS_NEEDED) & (deviations != 0)
    if judged.sum() < DEVIATIONS_NEEDED:
        outlying = np.zeros(len(chosen), dtype=bool)
    else:
        scores = np.zeros(len(chosen))
        scores[judged] = modified_z(deviations[judged])
        outlying = (np.abs(scores) > THRESHOLD) & (np.abs(deviations) > np.log1p(SMALLEST))
    found: pd.DataFrame = chosen[outlying].assign(deviation=np.expm1(deviations[outlying]))
    return found.iloc[np.argsort(-np.abs(deviations[outlying]), kind="stable")]
