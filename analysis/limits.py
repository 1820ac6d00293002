"""An experiment's own thresholds: does every point keep them?

A point keeps a threshold when the median of its valid trials does; one without a valid trial
keeps none. Trials under strace are left out, whose speeds mean nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from experiments.exits import Exit, LabError
from experiments.threshold import Threshold, parse

if TYPE_CHECKING:
    from analysis.records import Run


@dataclass(frozen=True, slots=True)
class Kept:
    """One threshold over all points: how many keep it, and the worst of them."""

    threshold: str
    points: int
    broken: int
    worst: str
    value: float

    @property
    def holds(self) -> bool:
        """Whether all points keep it, and there is one."""
        return self.points > 0 and not self.broken


def judged(run: Run) -> list[Kept]:
    """Each threshold of the run's manifest; LabError(BAD_INPUT) for one that cannot be read."""
    try:
        wanted = [parse(text) for text in run.manifest.thresholds]
    except ValueError as error:
        raise LabError(f"{run.path}/manifest.json: thresholds: {error}", Exit.BAD_INPUT) from None
    columns = list(dict.fromkeys(["point", "valid", *(one.column for one in wanted)]))
    trials = run.trials[columns][(run.trials["sweep"] != "reference") & ~_traced(run.trials)]
    return [_kept(one, trials) for one in wanted]


def _traced(trials: pd.DataFrame) -> pd.Series[bool]:
    return trials["traced"].fillna(False).astype(bool)


def _kept(threshold: Threshold, trials: pd.DataFrame) -> Kept:
    if not len(trials):
        return Kept(threshold.text, 0, 0, "", float("nan"))
    measured = trials[threshold.column].to_numpy(dtype="float64", na_value=np.nan)
    values = pd.Series(np.where(trials["valid"], measured, np.nan))
    medians = values.groupby(trials["point"].to_numpy(dtype=object)).median()
    found = {str(point): float(value) for point, value in medians.items()}
    broken = [value for value in found.values() if not threshold.holds(value)]
    below = threshold.sign.startswith("<")

    def badness(point: str) -> float:
        value = found[point]
        return np.inf if np.isnan(value) else value if below else -value

    worst = max(found, key=badness)
    return Kept(threshold.text, len(found), len(broken), worst, found[worst])
