"""Times that errors have kept low: what ended in one is in no percentile, and may have been the
slowest.

A server that drops whoever waits too long answers the others soon. Where more attempts of a trial
failed than its percentile leaves out, all of those beyond it may have been among them, and whoever
failed was not answered within that time. So the percentile is a lower bound, and the longest time
is one wherever anything failed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.arrays import Flags, Floats
from analysis.outcomes import goodput
from analysis.outcomes.lower_bounds import bounded
from analysis.records.run import Run, remembered
from contract.columns import NAMES

TAIL = re.compile(r"(?:response|service)_(?:p(\d)(\d+)|(max))_us")


def _left_out() -> dict[str, float]:
    """By column, the share of answers that took longer."""
    found = {name: TAIL.fullmatch(name) for name in NAMES}
    return {
        name: 0.0 if one[3] else 1 - float(f"0.{one[1]}{one[2]}")
        for name, one in found.items()
        if one
    }


OF_MOMENTS = 0.01
"""So many slow ones move a mean, and a standard deviation more."""
MOMENTS = ("response_mean_us", "response_stddev_us")
LEFT_OUT: Mapping[str, float] = _left_out() | dict.fromkeys(MOMENTS, OF_MOMENTS)


def error_share(trials: pd.DataFrame) -> Floats:
    """By trial, the failed attempts of all; 0 where none was made."""
    failed = goodput.failed_attempts(trials)
    attempts = failed + trials["requests"].to_numpy(dtype="float64", na_value=0)
    with np.errstate(invalid="ignore"):
        found: Floats = np.nan_to_num(failed / attempts)
    return found


def answered_share(trials: pd.DataFrame) -> Floats:
    """By trial, the answers of all requests that failed, got none or got one; 1 where there was no
    answer, as a rate of nought stays one whatever it is divided by. The few that are on their way
    as any window closes are none that got no answer."""
    failed, missing = goodput.failed_attempts(trials), goodput.missing_answers(trials)
    requests = trials["requests"].to_numpy(dtype="float64", na_value=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        few = missing / (requests + failed + missing) <= goodput.SMALLEST[goodput.UNANSWERED]
        found: Floats = requests / (requests + failed + np.where(few, 0.0, missing))
    return np.asarray(np.where(found > 0, found, 1.0))


@remembered
def with_error_tails(run: Run) -> dict[str, Flags]:
    """By column, the trials that count and whose value is a bound, for whatever reason."""
    found, failed = dict(bounded(run)), error_share(run.trials)
    valid = run.trials["valid"].to_numpy(dtype=bool)
    if not (failed[valid] > 0).any():
        return found
    for name, left_out in LEFT_OUT.items():
        known = run.trials[name].notna().to_numpy(dtype=bool)
        held = valid & known & (failed > left_out)
        if held.any():
            found[name] = found.get(name, np.zeros(len(valid), dtype=bool)) | held
    return found
