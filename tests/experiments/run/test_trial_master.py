"""What a master that ends, or an engine that does not tell, costs: one trial."""

from __future__ import annotations

import pytest

from contract.result.trial_result import TrialResult
from experiments.docker.driver import ContainerSpec, ContainerState, DriverError
from experiments.run.locust_client import MasterError
from tests.support.fakes import FakeDriver, FakeMaster
from tests.support.results import a_result
from tests.support.trials import conduct


class EndedMaster(FakeMaster):
    """It ends while it is asked for the result."""

    def result(self, trial: str) -> TrialResult | None:
        raise MasterError(f"waiting for {trial}: connection refused")

    def ending(self) -> str:
        return "the Locust master ended with exit code 137"


def test_master_that_ends_voids_its_trial_with_its_exit_code_and_its_log() -> None:
    driver = FakeDriver()
    outcome = conduct(driver, EndedMaster())
    assert outcome.reason == "the Locust master ended with exit code 137"
    assert outcome.spoiled_by == "load"
    assert outcome.logs["master"] == "log of master"
    assert not driver.up


def test_engine_that_does_not_tell_of_a_failed_master_costs_the_trial_alone() -> None:
    class Untold(EndedMaster):
        def ending(self) -> str:
            raise DriverError("the engine did not answer in time")

    outcome = conduct(FakeDriver(), Untold())
    assert "connection refused; the engine did not answer in time" in outcome.reason
    assert outcome.spoiled_by == "load"


def test_master_is_made_ready_before_a_trial_has_workers() -> None:
    master = FakeMaster()

    class Watching(FakeDriver):
        def start(self, spec: ContainerSpec) -> str:
            assert spec.role != "load" or master.made_ready == 1
            return super().start(spec)

    assert conduct(Watching(), master).reason == ""
    assert master.made_ready == 1


class LateEngine(FakeDriver):
    """It learns of the server's end some questions later."""

    asked = 0

    def state(self, container: str) -> ContainerState:
        if self.up[container].role != "server":
            return super().state(container)
        self.asked += 1
        running = self.asked < 4
        return ContainerState(running, None if running else 137, oom_killed=not running)


@pytest.mark.parametrize(
    ("spoiled_by", "ending"),
    [
        ("server_gone", "exit code 137, out of memory"),
        ("server_wrong", "exit code 137, out of memory"),
        ("probe", "exit code 137, out of memory"),
        ("server_starved", ""),
        ("", ""),
    ],
)
def test_server_that_may_just_have_ended_is_looked_at_again(
    monkeypatch: pytest.MonkeyPatch, spoiled_by: str, ending: str
) -> None:
    master = FakeMaster()
    void = a_result(reason=spoiled_by, spoiled_by=spoiled_by)
    monkeypatch.setattr(master, "result", lambda _trial: void)
    assert conduct(LateEngine(), master).server_ending == ending


def test_master_that_was_started_anew_leaves_its_log_in_the_trial_before_which_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    master = FakeMaster()
    monkeypatch.setattr(master, "make_ready", lambda: "last words")
    assert conduct(FakeDriver(), master).logs["master"] == "last words"
