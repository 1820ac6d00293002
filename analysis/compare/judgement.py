"""The verdict on each figure of two runs: CHANGED, WITHIN_NOISE or CANNOT_TELL.

Changes count at a false discovery rate of 5% over all figures of the comparison, and above
SMALLEST: link order and the size of the environment make smaller ones by themselves (Mytkowicz et
al., *Producing wrong data without doing anything obviously wrong*, ASPLOS 2009).

A figure that is told as changed was picked among all for being far from 1, and those that are far
by chance are picked most easily. So its interval is wider: Student's t at 5% times the share of
figures that are told (Benjamini and Yekutieli, *False discovery rate-adjusted multiple confidence
intervals for selected parameters*, Journal of the American Statistical Association 100, 2005). Of
the intervals that are told 95% hold the truth.

A time that is a lower bound may be any longer one, and so may a geometric mean of such times.
Where the second run has any, it can only be slower beyond doubt; where the first has, only
faster; where both have, neither. The interval of the ratio has no end on the side where it may
be anything.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from analysis.arrays import Flags, Floats
from analysis.compare.estimates import SMALLEST
from analysis.compare.failures import words
from analysis.compare.metrics import (
    ALL_METRICS,
    CANNOT_TELL,
    CHANGED,
    FAILURES,
    METRICS,
    UNHELD,
    WITHIN_NOISE,
)
from analysis.outcomes.goodput import FAILED
from analysis.statistics.false_discovery import adjusted
from analysis.statistics.looks import CONFIDENCE, TAIL

POWER = 0.8


def judged(figures: pd.DataFrame, tolerance: float) -> pd.DataFrame:
    """`figures` of one or several pairs of runs with `word`, `worsening` and `repeats`: how many
    repeats would show a change of `tolerance` with a chance of 80%, if half of the metrics of one
    server alone changed. The intervals of what changed hold though it was picked."""
    families = 2 * max(1, len(figures[["run", "server"]].drop_duplicates()))
    spread, stray = (figures[name].to_numpy(dtype="float64") for name in ("spread", "stray"))
    left = np.log1p(tolerance) - special.ndtri(1 - TAIL) * stray
    change = np.expm1(np.where(left > 0, left, np.nan))
    rows = zip(*(figures[n] for n in ("metric", "base_value", "value", "ratio")), strict=True)
    word = _words(figures)
    return figures.assign(
        **_of_picked(figures, word == CHANGED),
        word=word,
        repeats=repeats_for(spread, change, families),
        worsening=[_worsening(*row) for row in rows],
    )


def _words(figures: pd.DataFrame) -> NDArray[np.str_]:
    failed = figures["metric"].isin(FAILURES).to_numpy(dtype=bool)
    p = figures["p"].mask(failed).to_numpy(dtype="float64")
    ratio = figures["ratio"].to_numpy(dtype="float64")
    with np.errstate(divide="ignore"):
        large = abs(np.log(ratio)) > np.log1p(SMALLEST)
    word = np.select(
        [~np.isfinite(p), large & (adjusted(p) < 1 - CONFIDENCE), large & (p < 1 - CONFIDENCE)],
        [CANNOT_TELL, CHANGED, CANNOT_TELL],
        WITHIN_NOISE,
    )
    low_base, low_here = ((figures[n] > 0).to_numpy() for n in ("low_base", "low_here"))
    sure = (word == CHANGED) & np.where(ratio > 1, ~low_base, ~low_here)
    word[(low_base | low_here) & ~sure] = CANNOT_TELL
    word[failed] = words(figures[failed])
    return word


def _of_picked(figures: pd.DataFrame, changed: Flags) -> dict[str, Floats]:
    """The ends of the intervals, wider where a figure was picked as `changed`. Failures have no
    intervals and are picked among themselves."""
    measured = (np.isfinite(figures["p"]) & ~figures["metric"].isin(FAILURES)).to_numpy()
    picked = changed & measured
    low, high = (np.log(figures[end].to_numpy(dtype="float64")) for end in ("low", "high"))
    freedom = figures["freedom"].to_numpy(dtype="float64")[picked]
    level = TAIL * picked.sum() / max(1, measured.sum())
    factor = np.ones(len(figures))
    factor[picked] = special.stdtrit(freedom, 1 - level) / special.stdtrit(freedom, 1 - TAIL)
    middle, half = (low + high) / 2, (high - low) / 2 * factor
    with np.errstate(over="ignore"):
        low, high = np.exp(middle - half), np.exp(middle + half)
    return {
        "low": np.where((figures["low_base"] > 0) & np.isfinite(low), 0.0, low),
        "high": np.where((figures["low_here"] > 0) & np.isfinite(high), np.inf, high),
    }


def _worsening(metric: str, base_value: float, value: float, ratio: float) -> float:
    """By what share a figure got worse, below zero if it got better; NaN without a ratio. Infinite
    for more failed trials, and for failures of which the base had none."""
    if metric == UNHELD and base_value < 1:  # by how much fewer it held
        return 1 - (1 - value) / (1 - base_value)
    if metric in METRICS or (metric != FAILED and base_value > 0):
        return ALL_METRICS[metric].worsening(ratio)
    rise = value - base_value
    return float(np.sign(rise)) * np.inf if rise else 0.0


def repeats_for(spread: Floats, change: float | Floats, families: int = 1) -> Floats:
    """How many repeats show a `change` (a share) with a chance of 80%, at a level of 5%
    shared by `families`: Guenther, *Sample size formulas for normal theory t tests*,
    The American Statistician 35 (1981). NaN where the spread or the change is not known."""
    level = float(special.ndtri(1 - TAIL / families))
    power = float(special.ndtri(POWER))
    needed = 2 * (spread * (level + power) / np.log1p(change)) ** 2 + level**2 / 4
    return np.maximum(np.ceil(needed), 2)
