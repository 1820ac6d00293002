"""`BUDGET=20m`: how long a run may go on after its plan, until it can tell."""

from __future__ import annotations

import re
from typing import Final

from contract.exits import Exit, LabError
from experiments.plan.schema import Experiment
from experiments.plan.trials import Trial, expected_s

SHARE: Final = 0.5
"""Share of the time that the plan takes, if nobody says how long."""
SHARE_COMPARED: Final = 1.0
"""The same where two servers are compared: half as many blocks again for all of their points, with
room for those that take more."""
FORM = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,4})m)?(?:(\d{1,6})s)?")
SECONDS = (3600, 60, 1)


def read_budget(text: str) -> float | None:
    """In seconds; None if nobody says how long. Raises LabError."""
    if not text:
        return None
    if text == "0":
        return 0.0
    found = FORM.fullmatch(text)
    if found is None:
        raise LabError(
            f"BUDGET={text}: expected a time with its unit, such as 20m, 1h30m or 90s, or 0",
            Exit.BAD_INPUT,
        )
    parts = zip(found.groups(), SECONDS, strict=True)
    return float(sum(int(number or 0) * seconds for number, seconds in parts))


def may_be_open(experiment: Experiment) -> bool:
    """Whether it asks anything that more blocks could decide."""
    return bool(experiment.claims or experiment.thresholds or experiment.compare)


def budget_of(asked_s: float | None, experiment: Experiment, trials: list[Trial]) -> float:
    """Beyond the plan of these trials, in seconds; 0 where nothing can be open."""
    if not may_be_open(experiment):
        return 0.0
    share = SHARE_COMPARED if experiment.compare else SHARE
    return float(round(expected_s(trials) * share)) if asked_s is None else asked_s
