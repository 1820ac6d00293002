"""What became of each trial: it has figures, the server failed, something else spoiled it, or
nobody knows.

What a server did itself is a finding about it: reaching a limit, starving its clients, answering
wrongly or ending counts as failed, wherever trials are counted. A trial that it starved has figures
all the same. What the load or the surroundings spoiled says nothing about the server, and neither
does a trial of unknown cause, as runs have that did not yet record it: no evidence either way, and
that is said. Nor does a trial that was lost to the lab, of which a figure could not be; but what it
would show may have to do with the server, so where many are lost the others are survivors.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import pandas as pd

from analysis.arrays import Flags
from analysis.records.words import limit_reached, starved
from analysis.wording import listed, plural
from contract.reasons import UNAVAILABLE
from contract.void_causes import BY_SERVER

NO_SYSCTL = r"/proc/sys/\S+: no such file"
"""The engine's for a setting that the kernel has not got; where a server was started, it may be a
text of its own."""
MOST_FAILED = 0.1
"""Share of repeats that may fail. Were the failed ones of ten the slowest, as is likely, the
interval over the other nine would hold the median of all ten in 89% of cases; over eight of them in
81%, over five in 49% (tests/analysis/claims/test_failed_trials.py). So it is with those that lack a
figure for another reason."""
MOST_SILENT = 0.5
"""Share of trials that say nothing either way. Beyond it those left are the fewer ones, picked
by what spoiled the others: the median of all could lie anywhere."""
WORDS = {
    "server_wrong": "wrong answers or errors",
    "server_gone": "ended or hung",
    "server_limit": "limit reached",
    "server_starved": "starved",
}
"""What a server did, for people."""


@dataclass(frozen=True, slots=True)
class Causes:
    """Numbers of trials, by what became of them: `valid` ones have figures, the clients of
    `starved` ones among them were not all served; those at a `limit` and those that the server
    `failed` otherwise have none. Of the `spoiled` ones some were `lost` to the lab."""

    valid: int = 0
    failed: int = 0
    spoiled: int = 0
    unknown: int = 0
    limit: int = 0
    starved: int = 0
    lost: int = 0

    @property
    def counted(self) -> int:
        """Those that say something about the server."""
        return self.valid + self.limit + self.failed

    @property
    def by_server(self) -> int:
        """Those that the server failed in any way, with figures or without."""
        return self.limit + self.failed + self.starved

    @property
    def trials(self) -> int:
        """All of them."""
        return self.counted + self.silent

    @property
    def silent(self) -> int:
        """Those that say nothing either way."""
        return self.spoiled + self.unknown

    @property
    def mostly_silent(self) -> bool:
        """Whether these are too many for the others to stand for all."""
        return self.silent > MOST_SILENT * self.trials

    @property
    def failed_share(self) -> float:
        """Share without figures of those that say something; 0 where none says anything."""
        return (self.limit + self.failed) / self.counted if self.counted else 0.0

    def __add__(self, other: Causes) -> Causes:
        sums = (getattr(self, one.name) + getattr(other, one.name) for one in fields(Causes))
        return Causes(*sums)


def failed(trials: pd.DataFrame) -> Flags:
    """The trials that the server failed, starved ones included; what the machine lacks is no
    failure."""
    by_server = trials["spoiled_by"].isin(BY_SERVER) & ~trials["measured"]
    found: Flags = by_server.to_numpy(dtype=bool)
    return found & ~_lacks(trials) if found.any() else found


def unknown(trials: pd.DataFrame) -> Flags:
    """The void trials of which nobody said who spoiled them."""
    return ~_valid(trials) & trials["spoiled_by"].isna().to_numpy(dtype=bool)


def spoiled(trials: pd.DataFrame) -> Flags:
    """The void trials that something else than the server spoiled."""
    return ~_valid(trials) & ~failed(trials) & ~unknown(trials)


def silent(trials: pd.DataFrame) -> Flags:
    """The trials that say nothing of the server either way."""
    return ~_valid(trials) & ~failed(trials)


def lost(trials: pd.DataFrame) -> Flags:
    """The void trials of which the lab recorded a figure that cannot be: nobody knows why."""
    found: Flags = (trials["spoiled_by"] == "lab").to_numpy(dtype=bool) & ~_valid(trials)
    return found


def lacking(trials: pd.DataFrame) -> bool:
    """Whether all these trials say that the machine has not got what they need."""
    return bool(_lacks(trials).all())


def causes(trials: pd.DataFrame) -> Causes:
    """How many of these trials have figures, failed, were spoiled, or are void for a cause
    unknown."""
    valid, by_server, limit = _valid(trials), failed(trials), limit_reached(trials)
    flags = {
        "valid": valid,
        "failed": by_server & ~valid & ~limit,
        "spoiled": spoiled(trials),
        "unknown": unknown(trials),
        "limit": by_server & ~valid & limit,
        "starved": by_server & valid & starved(trials),
        "lost": lost(trials),
    }
    return Causes(**{name: int(held.sum()) for name, held in flags.items()})


def no_evidence(found: Causes) -> str:
    """What is said of trials that say nothing: '2 trials were spoiled by the lab or the
    surroundings and 1 trial is void for a cause that was not recorded: no evidence either way';
    '' where there are none."""
    parts = []
    if found.spoiled:
        verb = "was" if found.spoiled == 1 else "were"
        whose = "spoiled by the lab or the surroundings"
        parts.append(f"{plural(found.spoiled, 'trial')} {verb} {whose}")
    if found.unknown:
        verb = "is" if found.unknown == 1 else "are"
        whose = "void for a cause that was not recorded"
        parts.append(f"{plural(found.unknown, 'trial')} {verb} {whose}")
    return f"{listed(parts)}: no evidence either way" if parts else ""


def too_few_left(found: Causes) -> str:
    """Why those that are left cannot stand for all: '8 of 10 trials say nothing of the server'; ''
    where they can."""
    if not found.mostly_silent:
        return ""
    return f"{found.silent:,} of {plural(found.trials, 'trial')} say nothing of the server"


def by_kind(trials: pd.DataFrame) -> str:
    """What a server did in the trials that it failed, the commonest first: 'ended or hung 5, limit
    reached 2'."""
    kinds = trials["spoiled_by"].astype("string")[failed(trials)].value_counts()
    return ", ".join(f"{WORDS[str(kind)]} {times:,}" for kind, times in kinds.items())


def _lacks(trials: pd.DataFrame) -> Flags:
    told = trials["reason"].astype("string").fillna("")
    unavailable = told.str.contains(UNAVAILABLE).to_numpy(dtype=bool)
    own = (trials["origin"] == "lab").to_numpy(dtype=bool)
    by_server = trials["spoiled_by"].isin(BY_SERVER).to_numpy(dtype=bool)
    absent = told.str.contains(NO_SYSCTL).to_numpy(dtype=bool)
    return (unavailable & own) | (absent & ~by_server)


def _valid(trials: pd.DataFrame) -> Flags:
    return trials["valid"].to_numpy(dtype=bool)
