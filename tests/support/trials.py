"""One trial against a driver without Docker."""

from __future__ import annotations

from typing import cast

from experiments.plan.trials import Trial
from experiments.records.outcome import Outcome
from experiments.run.master_container import MasterContainer
from experiments.run.trial import TrialRunner
from experiments.run.trial_containers import Containers
from tests.support.fakes import FakeDriver, FakeImages, FakeMaster, some_trials
from tests.support.placed import placed


def conduct(driver: FakeDriver, master: FakeMaster, trial: Trial | None = None) -> Outcome:
    containers = Containers(
        FakeImages(), placed(2), "net", 20_000, "c10k-run", {"my_app": "sha256:app"}
    )
    runner = TrialRunner(driver, cast(MasterContainer, master), containers)
    try:
        return runner.run(trial or some_trials()[0])
    finally:
        runner.settle()
