"""A server that is told to end after the window: its end is the engine's, and no failure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from contract.result.distribution import Distribution
from contract.result.stop import Ending, Stopped
from contract.result.trial_result import TrialResult
from contract.settings.conflicts import ConflictError, check
from contract.settings.trial import Settings
from contract.void_causes import Blame
from experiments.docker.driver import ContainerState, DriverError
from experiments.plan.trials import Trial
from experiments.probe.probe import TOLD
from experiments.records.attempts import to_repeat
from experiments.records.outcome import Outcome
from experiments.records.trial_row import make_row
from experiments.run import told_to_end
from tests.support.fakes import FakeDriver, FakeMaster, some_trials
from tests.support.results import a_distribution, a_result, a_sample
from tests.support.trials import conduct

TOLD_S = 1_000.0
SILENT = "looking at container x: the engine did not answer in time"
STOPPED = Stopped(
    told_ns=2,
    had=7,
    had_lost=1,
    came=40,
    came_lost=2,
    under_way=0,
    unsent_ms={"10": 3, "700": 100},
    response=a_distribution(count=44, max_us=900.0),
)


@dataclass
class Ends(FakeDriver):
    """Its server ends so long after it was told to, and the probe with it; None: never by itself.
    So many times the engine does not tell of the server."""

    after_s: float | None = 0.5
    silent: int = 0

    def state(self, container: str) -> ContainerState:
        known, role = super().state(container), self._spec(container).role
        if role == "server" and self.silent:
            self.silent -= 1
            raise DriverError(SILENT)
        if self.after_s is None or role not in ("server", "probe"):
            return known
        ended_s, code = TOLD_S + self.after_s, 143 if role == "server" else 137
        return replace(known, running=False, exit_code=code, ended_s=ended_s)


def told(
    master: FakeMaster,
    stopped: Stopped | None = STOPPED,
    reason: str = "",
    spoiled_by: Blame = "",
) -> FakeMaster:
    """A master whose trial told the server to end."""

    def result(trial: str) -> TrialResult:
        stop = a_sample("stop", 2.0, 1.0, unix_ns=int(TOLD_S * 1e9))
        known = a_result(trial=trial, stopped=stopped, reason=reason, spoiled_by=spoiled_by)
        return replace(known, samples=(*known.samples, stop))

    master.result = result  # type: ignore[method-assign]
    return master


def lost(master: FakeMaster, reason: str, spoiled_by: Blame) -> FakeMaster:
    """A master that knows nothing of a server that was told to."""

    def result(trial: str) -> TrialResult:
        return a_result(trial=trial, reason=reason, spoiled_by=spoiled_by)

    master.result = result  # type: ignore[method-assign]
    return master


def trial(**changes: Any) -> Trial:
    first = some_trials()[0]
    asked: dict[str, Any] = {"load": "open_loop", "rate_per_s": 50.0, "stop_s": 3.0, **changes}
    settings = replace(first.point.settings, **asked)
    return replace(first, point=replace(first.point, settings=settings))


def row_of(outcome: Outcome) -> dict[str, object]:
    return make_row("e", "r", "2026-01-01T12:00:00+00:00", trial(), outcome)


def test_its_end_is_timed_by_the_engine_and_spoils_nothing() -> None:
    driver, master = Ends(), told(FakeMaster())
    outcome = conduct(driver, master, trial())
    assert isinstance(outcome.result, TrialResult)
    assert outcome.result.ending == Ending(after_s=0.5, exit_code=143)
    assert (outcome.reason, outcome.server_ending) == ("", "")
    row = row_of(outcome)
    assert row["validity"] in ("server_bound", "generator_bound", "unsaturated"), row["reason"]
    names = ("had", "had_lost", "came", "came_lost", "under_way", "unsent", "response_max_us")
    assert [row[f"stop_{name}"] for name in names] == [7, 1, 40, 2, 0, 3, 900.0]
    assert (row["stop_ended_s"], row["stop_exit_code"]) == (0.5, 143)
    assert master.forms[0]["stop_signal"] == "SIGTERM"


def test_one_that_does_not_end_has_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told_to_end, "GRACE_S", 3.1)
    outcome = conduct(Ends(after_s=None), told(FakeMaster()), trial())
    row = row_of(outcome)
    assert row["stop_ended_s"] is None
    assert row["stop_unsent"] == 103, "all that was due"
    assert row["stop_came_lost"] == 2


def test_one_that_ends_before_it_is_told_to_is_gone() -> None:
    outcome = conduct(Ends(), lost(FakeMaster(), "no answer", "probe"), trial())
    assert outcome.server_ending == "exit code 143"
    assert row_of(outcome)["spoiled_by"] == "server_gone"


def test_an_engine_that_is_silent_for_a_while_costs_nothing() -> None:
    outcome = conduct(Ends(silent=3), told(FakeMaster()), trial())
    row = row_of(outcome)
    assert (row["reason"], outcome.server_ending) == ("", "")
    assert (row["stop_had_lost"], row["stop_ended_s"]) == (1, 0.5)


def test_an_engine_that_never_tells_of_the_end_is_to_blame_and_costs_no_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(told_to_end, "GRACE_S", 3.1)
    outcome = conduct(Ends(silent=10**6), told(FakeMaster()), trial())
    row = row_of(outcome)
    assert isinstance(outcome.result, TrialResult)
    assert outcome.result.window
    assert outcome.server_ending == ""
    assert (row["reason"], row["spoiled_by"]) == (SILENT, "surroundings")
    assert to_repeat(row)


def test_a_load_that_fails_after_the_server_was_told_is_to_blame() -> None:
    outcome = conduct(Ends(), told(FakeMaster(), None, "load worker 2 was lost", "load"), trial())
    assert outcome.server_ending == ""
    row = row_of(outcome)
    assert (row["reason"], row["spoiled_by"]) == ("load worker 2 was lost", "load")
    assert to_repeat(row)


def test_a_probe_whose_last_answer_was_lost_is_to_blame() -> None:
    driver = Ends(said={"probe": f"{TOLD}\n"})
    outcome = conduct(driver, lost(FakeMaster(), "no answer", "probe"), trial())
    assert outcome.server_ending == ""
    row = row_of(outcome)
    assert (row["reason"], row["spoiled_by"]) == ("no answer", "probe")


def test_a_load_whose_container_ends_after_the_server_was_told_is_to_blame() -> None:
    driver = Ends(dead={"load"}, said={"probe": f"{TOLD}\n"})
    outcome = conduct(driver, FakeMaster(silent=True), trial())
    assert outcome.server_ending == ""
    row = row_of(outcome)
    assert row["reason"] == "the load worker ended with exit code 9"
    assert row["spoiled_by"] == "load"


def test_a_pod_that_ends_after_the_server_was_told_is_to_blame() -> None:
    outcome = conduct(Ends(dead={"pod"}), told(FakeMaster(), None, "no answer", "load"), trial())
    assert row_of(outcome)["reason"] == "the trial's pod ended with exit code 9; no answer"
    assert row_of(outcome)["spoiled_by"] == "surroundings"


def test_the_signal_is_the_image_s() -> None:
    driver, master = Ends(stop_signals={"server:1": "SIGQUIT"}), told(FakeMaster())
    conduct(driver, master, trial())
    assert master.forms[0]["stop_signal"] == "SIGQUIT"


def test_only_a_load_with_a_schedule_goes_on_after_its_window() -> None:
    with pytest.raises(ConflictError, match="stop_s is for open_loop and open_connections"):
        check(Settings(stop_s=1.0))
    check(Settings(load="open_loop", rate_per_s=10.0, stop_s=1.0))


def test_the_time_of_the_load_after_the_window_is_in_the_plan() -> None:
    assert trial().expected_s == trial(stop_s=0.0).expected_s + 3


def test_unsent_ones_are_those_until_it_had_ended() -> None:
    assert STOPPED.unsent_within(0.5) == 3
    assert STOPPED.lost == 3
    nothing = replace(STOPPED, response=Distribution(histogram=""))
    outcome = Outcome(result=a_result(stopped=nothing))
    assert row_of(outcome)["stop_response_max_us"] is None
