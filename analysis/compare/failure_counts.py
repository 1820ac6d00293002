"""What failed in a run, counted by point: trials, errors, requests without an answer or sent again,
connections beyond a limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.arrays import Objects
from analysis.compare.matching import KEY, keys
from analysis.outcomes import causes, goodput
from analysis.outcomes.causes import MOST_FAILED
from analysis.outcomes.limits_hit import asked_for, held_connections
from analysis.records.run import Run, remembered
from analysis.records.words import limit_reached
from analysis.selection.trials import untraced

COUNTS = ["requests", "errors", "unanswered", "resent"]
LIMITS = ["unheld", "held"]


@dataclass(frozen=True, slots=True)
class FailureCounts:
    """The counts of one run. `trials` has a row per point: failed (starved included), counted,
    unknown. `blocks` has a row per point and block: COUNTS and, of trials that reached a limit,
    LIMITS. Points that are not in `unrecorded` have a record of that count in nearly all trials
    that have figures; runs of older versions have none of requests without an answer, or sent
    again."""

    trials: pd.DataFrame
    blocks: pd.DataFrame
    unrecorded: Mapping[str, frozenset[str]]


@remembered
def failure_counts(run: Run) -> FailureCounts:
    """The counts by the keys of the points, without traced trials."""
    trials = untraced(run.trials)
    key = keys(run)[trials.index]
    failed, unknown = causes.failed(trials), causes.unknown(trials)
    counted = trials["valid"].to_numpy(dtype=bool) | failed
    flags = pd.DataFrame({"failed": failed, "counted": counted, "unknown": unknown})
    blocks = pd.DataFrame(
        {name: trials[name].to_numpy(dtype="float64", na_value=np.nan) for name in COUNTS}
    ).fillna(0.0)
    blocks["errors"] = goodput.failed_attempts(trials)
    blocks["unanswered"] = goodput.missing_answers(trials)
    held = held_connections(trials).where(limit_reached(trials)).to_numpy()
    blocks["held"], blocks["unheld"] = held, (asked_for(trials).to_numpy() - held).clip(0)
    blocks[KEY], blocks["block"] = key, trials["block"].to_numpy(dtype="int64")
    return FailureCounts(
        flags.groupby(key).sum(),
        blocks[counted].groupby([KEY, "block"])[COUNTS + LIMITS].sum(),
        {name: _unrecorded(trials, key, name) for name in COUNTS},
    )


def _unrecorded(trials: pd.DataFrame, key: Objects, name: str) -> frozenset[str]:
    """The points of which more than MOST_FAILED of the trials with figures lack this count."""
    valid = trials["valid"].to_numpy(dtype=bool)
    lacking = trials[name].isna()[valid].groupby(key[valid]).mean()
    return frozenset(lacking.index[lacking > MOST_FAILED])
