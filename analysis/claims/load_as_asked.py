"""Whether a trial's load was there as it was asked for, so that its figure is one of that load.

What one path of a mix does to the others shows only where it is served: if a server lets each
query hang, or fails it at once, the rest is quick. Answers come in the shares of the mix, but for
chance, where nothing is wrong. And what slow clients cost shows only where they are: a load that
lost its slow clients, or a server that threw them out, costs the others nothing. Nor are the few
connections that workers have accepted those of which the rest still waits in the accept queue.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd

from analysis.arrays import Flags
from analysis.outcomes.causes import MOST_FAILED
from contract.mix import parse_mix

KINDS = "kinds"
"""The column with the figures of each path, as JSON."""
COMPANY = "company"
"""The column that counts bad clients as the window closed, as name=count."""
WORKERS = "worker_connections"
"""The column with what each worker process held as the load began, as JSON."""
SLOW = ("slow_readers", "slow_writers")
"""Settings, and names in COMPANY."""
BY_CHANCE = 3.0
"""Standard deviations of a count that is so much below its mean by chance hardly ever."""


def mix_as_asked(trials: pd.DataFrame) -> Flags:
    """By trial, whether no path lacks more than MOST_FAILED of its answers."""
    pairs = zip(trials["path"], trials[KINDS], strict=True)
    return np.array([_mix_as_asked(path, cell) for path, cell in pairs], dtype=bool)


def company_as_asked(trials: pd.DataFrame) -> Flags:
    """By trial, whether no more than MOST_FAILED of its slow clients were gone."""
    found = np.ones(len(trials), dtype=bool)
    for name in SLOW:
        wanted = trials[name].to_numpy(dtype="float64", na_value=0)
        if wanted.any():
            there = [counted(cell, name) for cell in trials[COMPANY]]
            found &= np.array(there) >= (1 - MOST_FAILED) * wanted
    return found


def held_as_asked(trials: pd.DataFrame) -> Flags:
    """By trial, whether its workers hold no fewer than all but MOST_FAILED of the connections; True
    where what each holds was not recorded."""
    wanted = trials["active_connections"] + trials["idle_connections"]
    held = [np.inf if pd.isna(cell) else sum(json.loads(cell)) for cell in trials[WORKERS]]
    found: Flags = np.array(held) >= (1 - MOST_FAILED) * wanted.to_numpy(dtype="float64")
    return found


def _mix_as_asked(path: Any, cell: Any) -> bool:
    """True where no mix, or nothing of its paths, was recorded."""
    if pd.isna(path) or pd.isna(cell):
        return True
    found: dict[str, dict[str, Any]] = json.loads(cell)
    answered = {name: float(kind.get("requests") or 0) for name, kind in found.items()}
    total = sum(answered.values())
    return all(
        answered.get(kind.path, 0.0) >= _least(total * kind.share) for kind in parse_mix(str(path))
    )


def _least(expected: float) -> float:
    return (1 - MOST_FAILED) * expected - BY_CHANCE * math.sqrt(expected)


def counted(cell: Any, name: str, otherwise: float = math.inf) -> float:
    """A count of COMPANY; `otherwise` where nobody counted it, as in earlier runs."""
    if pd.isna(cell):
        return otherwise
    pairs = (word.partition("=") for word in str(cell).split())
    return next((float(count) for kind, _, count in pairs if kind == name), otherwise)
