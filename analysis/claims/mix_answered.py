"""Whether the requests of a mix were answered path by path as they were asked.

What one path of a mix does to the others shows only where it is served: if a server lets each
query hang, or fails it at once, the rest is quick. Answers come in the shares of the mix, but for
chance, where nothing is wrong.
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
BY_CHANCE = 3.0
"""Standard deviations of a count that is so much below its mean by chance hardly ever."""


def as_asked(trials: pd.DataFrame) -> Flags:
    """By trial, whether no path lacks more than MOST_FAILED of its answers."""
    pairs = zip(trials["path"], trials[KINDS], strict=True)
    return np.array([_as_asked(path, cell) for path, cell in pairs], dtype=bool)


def _as_asked(path: Any, cell: Any) -> bool:
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
