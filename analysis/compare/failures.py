"""What failed in two runs side by side: trials, attempts, answers that never came.

The rows are a family of their own for the false discovery rate of 5%, and those of whole servers
another: among hundreds of steady figures a failure would drown (Efron, *Simultaneous inference:
when should hypothesis testing problems be combined?*, Annals of Applied Statistics 2, 2008). A
rise that may be chance is never called noise: the verdict is CANNOT_TELL, and it decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.compare.error_shares import SMALLEST_RISE, error_shares
from analysis.compare.failed_trials import ALL_POINTS, LEVEL, failed_trials
from analysis.compare.failure_counts import FailureRow, failure_counts
from analysis.compare.matching import KEY, labels, points
from analysis.compare.metrics import CANNOT_TELL, CHANGED, WITHIN_NOISE
from analysis.statistics.false_discovery import adjusted

if TYPE_CHECKING:
    from analysis.records.run import Run


def failures(base: Run, run: Run) -> pd.DataFrame:
    """A row per point and metric of FAILURES of which either run has any, and one per server that
    failed at several points: columns of `ComparedFigure`."""
    table = points(base).table
    both = (table, labels(table), failure_counts(base), failure_counts(run))
    rows = pd.DataFrame([*failed_trials(*both), *error_shares(*both)], columns=FailureRow._fields)
    ratio = rows["value"] / rows["base_value"].where(rows["base_value"] > 0)
    none = dict.fromkeys(("low", "high", "noise", "spread"), np.nan)
    return rows.assign(ratio=ratio, beside=False, stray=0.0, **none)


def words(figures: pd.DataFrame) -> list[str]:
    """CHANGED, CANNOT_TELL or WITHIN_NOISE for each row of failures."""
    p = figures["p"].to_numpy(dtype="float64")
    whole = figures[KEY].str.startswith(ALL_POINTS).to_numpy(dtype=bool)
    p = np.where(whole, adjusted(np.where(whole, p, np.nan)), adjusted(np.where(whole, np.nan, p)))
    rise = (figures["value"] - figures["base_value"]).to_numpy(dtype="float64")
    smallest = figures["metric"].map(SMALLEST_RISE).fillna(0.0).to_numpy(dtype="float64")
    with_reason = (figures["why"] != "").to_numpy(dtype=bool)
    return list(
        np.select(
            [with_reason, abs(rise) <= smallest, p < LEVEL, rise > 0],
            [CANNOT_TELL, WITHIN_NOISE, CHANGED, CANNOT_TELL],
            WITHIN_NOISE,
        )
    )
