"""What a rate leaves out: errors, requests that nobody answered, and repeats that failed.

A rate counts correct answers of trials that were measured or starved. Beside it stand, of the same
trials and of those that the server failed otherwise (`analysis.outcomes.causes`):

- `failed_share`: repeats that the server failed, starved ones included, of those that say something
  about it;
- `error_share`: failed attempts, errors / (requests + errors), mean over these repeats. Clients of
  a closed loop that met nothing but errors count for as much as the others (`failed_attempts`);
- `unanswered_share`: requests that were due and not answered as the window closed, of all, mean
  over these repeats. In a closed loop a client that waits in vain asks nothing more, so all that it
  would have asked meanwhile counts (`missing_answers`);
- `goodput_per_s`: correct answers a second over all these repeats. A starved one counts with what
  it answered, one that failed otherwise with none: what that answered was never checked to the end.

No medians, which of five would hide that two failed; nor shares of sums, in which a repeat whose
clients waited long for each error, and so made few attempts, would not be seen.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.arrays import Flags, Floats, Numbers
from analysis.outcomes import causes
from analysis.wording import number, share
from contract.loads import OPEN_LOADS

COUNTS = ("requests", "window_s")
FAILED, ERRORS, UNANSWERED = "failed_share", "error_share", "unanswered_share"
GOODPUT = "goodput_per_s"
NAMES = (FAILED, ERRORS, UNANSWERED, GOODPUT)
SMALLEST = {FAILED: 0.0, ERRORS: 0.0, UNANSWERED: 0.01}
"""Shares above these are told. A few requests are always on their way as a window closes: one in
a hundred are those of the last hundredth of it."""
WORDS = {
    ERRORS: "of the attempts ended in errors",
    UNANSWERED: "of the requests got no answer",
}
"""What these shares are of, for a sentence."""
MOST_IN_VAIN = 0.999
"""Share of a closed loop's time: unanswered time says nothing of what would have been."""


def shares(trials: pd.DataFrame, groups: Numbers, size: int) -> pd.DataFrame:
    """NAMES for each of `size` groups; `groups` has the number of each trial's, -1 for none. NaN
    where no trial says anything about the server."""
    valid, failed = trials["valid"].to_numpy(dtype=bool), causes.failed(trials)
    kept = (groups >= 0) & (valid | failed)
    places, valid, failed = groups[kept], valid[kept], failed[kept]
    requests, window_s = (_filled(trials[name])[kept] for name in COUNTS)
    errors = failed_attempts(trials)[kept]
    unanswered = missing_answers(trials)[kept]

    def total(values: Floats | Flags) -> Floats:
        return np.bincount(places, values, minlength=size).astype("float64")

    def mean(part: Floats, whole: Floats) -> Floats:
        some = whole > 0
        sums = np.bincount(places[some], part[some] / whole[some], minlength=size)
        return sums / np.bincount(places[some], minlength=size)

    attempts = requests + errors
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {
            FAILED: total(failed) / np.bincount(places, minlength=size),
            ERRORS: mean(errors, attempts),
            UNANSWERED: mean(unanswered, attempts + unanswered),
            GOODPUT: total(np.where(valid, requests, 0.0)) / total(window_s),
        }
    return pd.DataFrame(found)


def failed_attempts(trials: pd.DataFrame) -> Floats:
    """By trial, how many attempts failed. A client rests for a moment after an error, so those of a
    closed loop that the server turns away each time try less often than the others are answered:
    their share is that of the clients that got no response in the window and do not wait for one,
    at most as many as there were errors, and the number is what is missing beside the answers of
    the rest."""
    errors, requests, unanswered, active, coverage = (
        _filled(trials[name])
        for name in ("errors", "requests", "unanswered", "active_connections", "coverage")
    )
    told = trials["coverage"].notna().to_numpy(dtype=bool) & (errors > 0)
    closed = ~trials["load"].isin(OPEN_LOADS).to_numpy(dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        turned_away = np.minimum(1 - coverage - unanswered / active, errors / active)
    turned_away = np.where(told & closed & np.isfinite(turned_away), turned_away, 0.0)
    turned_away = turned_away.clip(0, MOST_IN_VAIN)
    found: Floats = np.maximum(errors, requests * turned_away / (1 - turned_away))
    return found


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
