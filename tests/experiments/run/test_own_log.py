"""What a server printed in the window is kept with the trial."""

from __future__ import annotations

import pytest

from contract.result.server_side import OwnLog
from contract.result.trial_result import TrialResult
from experiments.docker.driver import DriverError
from experiments.machine.log_copying import Copiers, Look
from tests.support.fakes import FakeDriver, FakeMaster
from tests.support.results import a_result, with_samples
from tests.support.trials import conduct


def timed() -> TrialResult:
    """A window of two seconds, as the calendar has it."""
    return with_samples(a_result(), open={"unix_ns": 5 * 10**9}, close={"unix_ns": 7 * 10**9})


def test_what_the_server_printed_in_the_window_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    master, copiers = FakeMaster(), Copiers((), ())
    first = Look(1.0, {"7": (1.0, 0)}, {"8": (2.0, 1)})
    looks = iter([first, Look(1.5, {"7": (1.5, 0)}, {"8": (2.25, 1)})])
    monkeypatch.setattr(master, "result", lambda _trial: timed())
    monkeypatch.setattr(Copiers, "of", lambda _container: copiers)
    monkeypatch.setattr(Copiers, "look", lambda _self: next(looks))
    result = conduct(FakeDriver(), master).result
    assert isinstance(result, TrialResult)
    assert result.log == OwnLog(2_000.0, 0.75)


def test_an_engine_that_does_not_tell_of_the_log_costs_no_trial(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Mute(FakeDriver):
        def log_rate(self, container: str, since_s: float, until_s: float) -> float:
            raise DriverError(f"the log of {container} from {since_s} to {until_s}: no answer")

    master = FakeMaster()
    monkeypatch.setattr(master, "result", lambda _trial: timed())
    outcome = conduct(Mute(), master)
    assert isinstance(outcome.result, TrialResult)
    assert (outcome.reason, outcome.result.log) == ("", None)


def test_a_probe_without_a_calendar_leaves_the_log_unknown() -> None:
    result = conduct(FakeDriver(), FakeMaster()).result
    assert isinstance(result, TrialResult)
    assert result.log is None
