"""What a rate leaves out: errors, requests that nobody answered, and repeats that failed.

A rate counts correct answers of trials that were measured or starved. Beside it stand, of the same
trials and of those that the server failed otherwise (`analysis.outcomes.causes`):

- `failed_share`: repeats that the server failed, starved ones included, of those that say something
  about it;
- `error_share`: failed attempts, errors / (requests + errors);
- `unanswered_share`: requests that were due and not answered as the window closed, of all. In a
  closed loop a client that waits in vain asks nothing more, so all that it would have asked
  meanwhile counts (`missing_answers`);
- `goodput_per_s`: correct answers a second over all these repeats. A starved one counts with what
  it answered, one that failed otherwise with none: what that answered was never checked to the end.

Sums over repeats, and no medians: a median of five would hide that two of them failed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.arrays import Flags, Floats, Numbers
from analysis.outcomes import causes
from analysis.wording import number, share
from contract.loads import OPEN_LOADS

COUNTS = ("requests", "errors", "window_s")
FAILED, ERRORS, UNANSWERED = "failed_share", "error_share", "unanswered_share"
GOODPUT = "goodput_per_s"
NAMES = (FAILED, ERRORS, UNANSWERED, GOODPUT)
SMALLEST = {FAILED: 0.0, ERRORS: 0.0, UNANSWERED: 0.01}
"""Shares above these are told. A few requests are always on their way as a window closes: one in
a hundred are those of the last hundredth of it."""
MOST_IN_VAIN = 0.999
"""Of a closed loop's time: what nobody was answered in says nothing of what would have been."""


def shares(trials: pd.DataFrame, groups: Numbers, size: int) -> pd.DataFrame:
    """NAMES for each of `size` groups; `groups` has the number of each trial's, -1 for none. NaN
    where no trial says anything about the server."""
    valid, failed = trials["valid"].to_numpy(dtype=bool), causes.failed(trials)
    kept = (groups >= 0) & (valid | failed)
    places, valid, failed = groups[kept], valid[kept], failed[kept]
    requests, errors, window_s = (_filled(trials[name])[kept] for name in COUNTS)
    unanswered = missing_answers(trials)[kept]

    def total(values: Floats | Flags) -> Floats:
        return np.bincount(places, values, minlength=size).astype("float64")

    attempts = total(requests + errors)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {
            FAILED: total(failed) / np.bincount(places, minlength=size),
            ERRORS: total(errors) / attempts,
            UNANSWERED: total(unanswered) / (attempts + total(unanswered)),
            GOODPUT: total(np.where(valid, requests, 0.0)) / total(window_s),
        }
    return pd.DataFrame(found)


def missing_answers(trials: pd.DataFrame) -> Floats:
    """By trial, how many requests had no answer. A closed loop's clients ask one after another:
    those that still wait have asked once, whatever they would have asked in that time. So their
    share is that of the clients' time which passed in vain, at most as much for each as for the
    oldest, and the number is what is missing beside the answers of the rest."""
    counted, oldest_us, depth, active = (
        _filled(trials[name])
        for name in ("unanswered", "oldest_unanswered_us", "pipeline_depth", "active_connections")
    )
    closed = ~trials["load"].isin(OPEN_LOADS).to_numpy(dtype=bool)
    window_us = _filled(trials["window_s"]) * 1e6
    with np.errstate(divide="ignore", invalid="ignore"):
        in_vain = counted * np.minimum(oldest_us / window_us, 1) / (active * depth)
    in_vain = np.where(closed & np.isfinite(in_vain), in_vain, 0.0).clip(0, MOST_IN_VAIN)
    attempts = _filled(trials["requests"]) + _filled(trials["errors"])
    return np.maximum(counted, attempts * in_vain / (1 - in_vain))


def of_all(trials: pd.DataFrame) -> dict[str, float]:
    """NAMES of all these trials together."""
    found = shares(trials, np.zeros(len(trials), dtype="int64"), 1)
    return {str(name): float(found[name].iloc[0]) for name in found}


def noteworthy(found: pd.DataFrame) -> list[str]:
    """Those of NAMES that have something to tell in any row; the goodput where another has."""
    told = [name for name, least in SMALLEST.items() if (found[name] > least).any()]
    return [*told, GOODPUT] if told else []


def in_words(found: Mapping[str, float]) -> str:
    """'failed 20%, errors 36%, goodput 480 / s', as far as there is something to tell; '' where
    there is not."""
    labels = {FAILED: "failed", ERRORS: "errors", UNANSWERED: "unanswered"}
    told = [
        f"{label} {share(found[name])}"
        for name, label in labels.items()
        if found[name] > SMALLEST[name]
    ]
    return ", ".join([*told, f"goodput {number(found[GOODPUT])} / s"]) if told else ""


def _filled(values: pd.Series[float]) -> Floats:
    """As numbers, with 0 for what was not counted."""
    plain = values.to_numpy(dtype="float64", na_value=np.nan)
    return np.where(np.isfinite(plain), plain, 0.0)
