"""What a figure of trials would do if times that are lower bounds were longer, and rates that are
upper ones smaller.

Such a time may be any longer one, so a figure that is made of it is known on one side alone: it
proves that a bound is reached, or passed, and never that it is kept.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from analysis.arrays import Flags
from analysis.claims.expression import Expression
from analysis.claims.load_as_asked import KINDS
from analysis.outcomes.error_tails import LEFT_OUT, error_share, with_error_tails
from analysis.outcomes.lower_bounds import UPPER
from analysis.records.run import Run


def moved(run: Run, trials: pd.DataFrame, expression: Expression) -> tuple[Flags, Flags]:
    """In which trials of the run the figure would rise, and in which it would fall. Each path of a
    mix names its own lower bounds."""
    told = expression.of(trials)
    rises, falls = np.zeros(len(trials), dtype=bool), np.zeros(len(trials), dtype=bool)
    for name in expression.columns:
        longer = _kinds(trials) if name == KINDS else _times(run, trials, name)
        if longer is None:
            continue
        change = (expression.of(trials.assign(**{name: longer})) - told).to_numpy()
        rises |= change > 0
        falls |= change < 0
    return rises, falls


def _times(run: Run, trials: pd.DataFrame, name: str) -> pd.Series[float] | None:
    """A column with its lower bounds doubled, its upper ones halved; None where there are none."""
    flags = with_error_tails(run).get(name)
    if flags is None:
        return None
    times = trials[name].to_numpy(dtype="float64", na_value=np.nan)
    further = times * (0.5 if name in UPPER else 2)
    return pd.Series(np.where(flags[trials.index], further, times), index=trials.index)


def _kinds(trials: pd.DataFrame) -> pd.Series[str]:
    valid = trials["valid"].to_numpy(dtype=bool)
    failed = error_share(trials)
    cells = [
        _doubled(str(cell), share) if one and pd.notna(cell) else cell
        for one, cell, share in zip(valid, trials[KINDS], failed, strict=True)
    ]
    return pd.Series(cells, index=trials.index, dtype=object)


def _doubled(cell: str, failed: float) -> str:
    """Which path this share of all attempts that failed was on is not recorded: it may be any."""
    found: dict[str, dict[str, Any]] = json.loads(cell)
    answered = sum(kind.get("requests") or 0 for kind in found.values())
    errors = answered * failed / (1 - failed) if failed < 1 else float("inf")
    for kind in found.values():
        own = kind.get("requests") or 0
        tails = [
            name
            for name, value in kind.items()
            if value is not None and errors > LEFT_OUT.get(f"response_{name}", 1.0) * (errors + own)
        ]
        for name in {*kind.get("lower_bounds", ()), *tails}:
            kind[name] *= 2
    return json.dumps(found)
