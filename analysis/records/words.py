"""The word for each trial of a run, whichever version of the lab recorded it.

Earlier versions had no other word but void for what was not measured. What reached a limit or
starved its clients then is told by its cause; where none was recorded, by the limit that it named,
or by the reason, and then only if nothing else had the machine.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.arrays import Flags
from contract.outcomes import (
    FOREIGN,
    LIMIT_REACHED,
    MEASURED,
    OF_CAUSE,
    STARVED,
    STEAL,
    VALIDITIES,
    VOID,
)
from contract.reasons import NOBODY_SERVED
from contract.void_causes import SPOILED_BY

SHARES = (("steal_share", STEAL), ("foreign_cpu_share", FOREIGN))


def in_todays_words(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials as they would be recorded now; `measured` says which were, and `valid` which have
    figures that count: those, and the ones that starved their clients in a window.

    Who starved them while others had the machine was spoiled by these."""
    validity, cause = (trials[name].astype(object) for name in ("validity", "spoiled_by"))
    unknown = (validity == VOID) & cause.isna()
    taken, free = _taken(trials)
    silent = trials["reason"].astype("string").str.startswith(NOBODY_SERVED).fillna(False)
    cause = cause.mask(unknown & trials["server_limit"].notna() & ~taken, "server_limit")
    cause = cause.mask(unknown & cause.isna() & silent.astype(bool) & free, "server_starved")
    cause = cause.mask((cause == "server_starved") & taken, "surroundings")
    measured = validity.isin(MEASURED)
    for one in ("server_limit", "server_starved", "surroundings"):
        validity = validity.mask((cause == one) & ~measured, OF_CAUSE[one])
    return trials.assign(
        validity=pd.Categorical(validity, VALIDITIES),
        spoiled_by=pd.Categorical(cause, SPOILED_BY),
        measured=measured,
        valid=measured | ((validity == STARVED) & (trials["outcome"] == "completed")),
    )


def limit_reached(trials: pd.DataFrame) -> Flags:
    """The trials that ended at a wall of the server's own."""
    return (trials["validity"] == LIMIT_REACHED).to_numpy(dtype=bool)


def starved(trials: pd.DataFrame) -> Flags:
    """The trials whose clients were not served."""
    return (trials["validity"] == STARVED).to_numpy(dtype=bool)


def void(trials: pd.DataFrame) -> Flags:
    """The trials that were spoiled."""
    return (trials["validity"] == VOID).to_numpy(dtype=bool)


def _taken(trials: pd.DataFrame) -> tuple[Flags, Flags]:
    """In which trials the hypervisor or other programs had more of the machine than one that is
    measured may miss, and in which they are known not to have had it."""
    taken, free = np.zeros(len(trials), dtype=bool), np.ones(len(trials), dtype=bool)
    for name, most in SHARES:
        share = trials[name].to_numpy(dtype="float64", na_value=np.nan)
        taken |= share > most
        free &= share <= most
    return taken, free
