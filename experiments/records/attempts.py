"""When a trial is measured again: what spoiled it was not its server, and may be gone by then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from contract.void_causes import MEASURED_AGAIN
from experiments.plan.trials import Trial

MOST: Final = 3
"""Measurements of a trial. A machine that spoils three in a row is not at rest."""


def to_repeat(row: Mapping[str, Any]) -> bool:
    """Whether the trial of this row, of cells or of values, is to be measured once more.

    What the engine refused to start, it refuses again.
    """
    if row["spoiled_by"] not in MEASURED_AGAIN or int(row["attempt"] or 1) >= MOST:
        return False
    return bool(row["spoiled_by"] != "surroundings" or row["outcome"] == "completed")


def unsettled(trial: Trial, recorded: Mapping[str, bool]) -> Trial | None:
    """The attempt at this trial that comes next; None if it is settled. `recorded` tells of each
    identifier that has a row whether that settles it."""
    while trial.id in recorded:
        if recorded[trial.id]:
            return None
        trial = replace(trial, attempt=trial.attempt + 1)
    return trial
