"""The A/A noise floor: how much equal trials differ, and whether the run drifted.

Every block opens and closes with the same reference trial. Its spread is what a
difference has to exceed before it means anything; its trend shows a machine that
changed under the run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from analysis.arrays import Floats
from analysis.outcomes.causes import causes
from analysis.selection.trials import at
from analysis.statistics.looks import TAIL
from analysis.statistics.outliers import SMALLEST, outliers
from analysis.wording import listed, plural, share
from contract.columns import REFERENCE_SWEEP

METRIC = "requests_per_s"
DRIFT_FROM = 5
OUTLIERS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Noise:
    """Noise of the reference trials' `metric`.

    `spread`: standard deviation of the logarithms. `floor`: two equal trials
    differ by less than this share in 95% of cases. `drift`: change from the
    first to the last reference trial as a share, by linear regression of the
    logarithm on the position, with its 95% interval.
    """

    metric: str
    n: int
    blocks: int
    spread: float
    floor: float
    drift: float
    drift_low: float
    drift_high: float

    @property
    def drifted(self) -> bool:
        """Whether a trend is beyond doubt: its interval leaves out zero."""
        return bool(self.drift_low > 0 or self.drift_high < 0)


def references(trials: pd.DataFrame) -> pd.DataFrame:
    """The reference trials, in the order of the run."""
    return at(trials, sweep=REFERENCE_SWEEP).sort_values("position")


def noise_floor(trials: pd.DataFrame, metric: str = METRIC) -> Noise | None:
    """The noise of `metric` over the measured reference trials; None below two.

    The floor is t(0.975, n - 1) x sqrt(2) x spread: the 95% range of the
    difference between two draws of one normal distribution, on logarithms.
    """
    needed = ["sweep", "position", "block", "measured", metric]
    measured = at(references(trials[needed]), measured=True)
    values = measured[metric].to_numpy(dtype="float64", na_value=np.nan)
    kept = np.isfinite(values) & (values > 0)
    n = int(kept.sum())
    if n < 2:
        return None
    logs = np.log(values[kept])
    spread = float(logs.std(ddof=1))
    floor = float(np.expm1(special.stdtrit(n - 1, 1 - TAIL) * np.sqrt(2) * spread))
    blocks = int(measured.loc[kept, "block"].nunique())
    position = measured["position"].to_numpy(dtype="float64")[kept]
    drift = _drift(position, logs)
    return Noise(metric, n, blocks, spread, floor, *drift)


def _drift(position: Floats, logs: Floats) -> tuple[float, float, float]:
    """Change over the run and its interval; NaN below DRIFT_FROM trials, where
    a slope has too few degrees of freedom to say anything."""
    n = len(logs)
    extent = float(position.max() - position.min())
    if n < DRIFT_FROM or not extent:
        return float("nan"), float("nan"), float("nan")
    (slope, _), covariance = np.polyfit(position, logs, 1, cov=True)
    half = special.stdtrit(n - 2, 1 - TAIL) * np.sqrt(covariance[0, 0])
    slopes = np.array([slope, slope - half, slope + half])
    change, low, high = np.expm1(slopes * extent).tolist()
    return change, low, high


def warnings(trials: pd.DataFrame) -> list[str]:
    """What makes the figures of a run doubtful, and what to do about it."""
    found = []
    equal = causes(references(trials))
    if equal.by_server:
        found.append(
            f"the reference server failed in {equal.by_server:,} of {equal.counted:,} equal "
            "trials: those that are left may be steadier than the machine is; look at its logs"
        )
    noise = noise_floor(trials)
    if noise is not None and noise.drifted and abs(noise.drift) > SMALLEST:
        found.append(
            f"the machine drifted: the reference trials changed by {share(noise.drift)} "
            f"({share(noise.drift_low)} to {share(noise.drift_high)}) from first to last; ratios "
            "are taken within blocks, but run again on a machine that does nothing else"
        )
    outlying = outliers(trials, METRIC)
    if len(outlying):
        shown = outlying.head(OUTLIERS_SHOWN)
        names = [
            f"{trial} ({deviation:+.0%})"
            for trial, deviation in zip(shown["trial"], shown["deviation"], strict=True)
        ]
        rest = len(outlying) - len(names)
        found.append(
            f"{plural(len(outlying), 'trial')} of {len(trials):,} "
            f"{'stand' if len(outlying) > 1 else 'stands'} apart from the other repeats: "
            f"{listed([*names, f'{rest:,} more']) if rest else listed(names)}; look at the logs "
            "beside them, close what else runs, and run again"
        )
    return found
