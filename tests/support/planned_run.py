"""A run without Docker: who answers its trials, who hears of them, and where its records are."""

from __future__ import annotations

from typing import Any

from experiments.plan.trials import Trial
from experiments.records.outcome import Outcome
from tests.support.results import valid_result


class Conductor:
    """Answers every trial; raises `failure` at the one numbered `fails_at`."""

    def __init__(self, fails_at: int = 0, failure: BaseException | None = None) -> None:
        self.ran: list[str] = []
        self._fails_at, self._failure = fails_at, failure

    def run(self, trial: Trial) -> Outcome:
        if self._failure and len(self.ran) + 1 == self._fails_at:
            raise self._failure
        self.ran.append(trial.id)
        return Outcome(result=valid_result(trial), elapsed_s=4.0)


class Quiet:
    def begin(self, trial: Trial) -> None: ...

    def again(self, trial: Trial, row: dict[str, Any]) -> None: ...

    def end(self, trial: Trial, row: dict[str, Any]) -> None: ...
