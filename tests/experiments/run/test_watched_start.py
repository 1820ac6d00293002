"""A server whose start is watched: the watcher is there before, and the load comes after."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import pytest

from contract.result.start import Start
from contract.result.trial_result import TrialResult
from experiments.docker.driver import ContainerSpec, ContainerState
from experiments.plan.trials import Trial
from experiments.records.columns.start import steady_s
from experiments.run import watched_start
from tests.support.fakes import FakeDriver, FakeMaster, some_trials
from tests.support.trials import conduct

BEGAN_S = 1_000.0
WATCHING = '{"event": "watching"}\n'
SEEN = json.dumps({"listening_s": BEGAN_S + 0.25, "answered_s": BEGAN_S + 0.75})


@dataclass
class Watches(FakeDriver):
    """Its watcher prints `sees` once there is a server, and ends."""

    sees: str = SEEN
    ends: bool = True
    order: list[str] = field(default_factory=list)

    def start(self, spec: ContainerSpec) -> str:
        self.order.append(spec.name.rpartition("-")[2])
        return super().start(spec)

    def logs(self, container: str) -> str:
        if not self._spec(container).name.endswith("-watch"):
            return super().logs(container)
        return WATCHING + self.sees if "server" in self.order else WATCHING

    def state(self, container: str) -> ContainerState:
        known = super().state(container)
        if self._spec(container).name.endswith("-watch") and self.ends and not self.dead:
            return replace(known, running="server" not in self.order, exit_code=0)
        return replace(known, started_s=BEGAN_S)


def trial() -> Trial:
    first = some_trials()[0]
    settings = replace(first.point.settings, start_watched=True)
    return replace(first, point=replace(first.point, settings=settings))


def start_of(driver: Watches) -> Start | None:
    outcome = conduct(driver, FakeMaster(), trial())
    assert outcome.reason == ""
    assert isinstance(outcome.result, TrialResult)
    assert "watch" in outcome.logs
    return outcome.result.start


def test_the_watcher_is_there_before_the_server_and_the_load_comes_after() -> None:
    driver = Watches()
    assert start_of(driver) == Start(listening_s=0.25, answered_s=0.75)
    assert driver.order[:3] == ["pod", "watch", "server"]
    assert not driver.up
    watch = next(one for one in driver.started if one.name.endswith("-watch"))
    form = json.loads(watch.command[-1])
    assert form["host"] == "http://127.0.0.1:8080"
    assert watch.cpus != next(one.cpus for one in driver.started if one.role == "server")


def test_what_was_before_the_engine_told_is_no_time() -> None:
    before = {"listening_s": BEGAN_S - 0.01, "answered_s": BEGAN_S + 0.02}
    start = start_of(Watches(sees=json.dumps(before)))
    assert start
    assert start.listening_s == 0
    assert start.answered_s == pytest.approx(0.02)


def test_a_server_that_does_not_answer_is_left_to_the_load() -> None:
    assert start_of(Watches(sees="loadgen.verification.errors.VerificationError: 503")) is None
    assert start_of(Watches(ends=False, dead={"server"})) is None


@pytest.mark.parametrize(
    ("driver", "reason"),
    [
        (Watches(sees='{"listening_s": "soon"}'), "told of no moments: listening_s"),
        (Watches(dead={"watch"}), "does not look"),
        (Watches(ends=False), "does not end"),
    ],
)
def test_a_watcher_that_fails_spoils_the_trial(
    monkeypatch: pytest.MonkeyPatch, driver: Watches, reason: str
) -> None:
    monkeypatch.setattr(watched_start, "MARGIN_S", -10.0)
    monkeypatch.setattr(Watches, "logs", _silent_when_dead)
    outcome = conduct(driver, FakeMaster(), trial())
    assert reason in outcome.reason
    assert outcome.spoiled_by == "load"


def _silent_when_dead(driver: Watches, container: str) -> str:
    if not driver._spec(container).name.endswith("-watch"):
        return f"log of {driver._spec(container).role}"
    if "watch" in driver.dead:
        return "Traceback: no module"
    return WATCHING + driver.sees if "server" in driver.order else WATCHING


@pytest.mark.parametrize(
    ("rates", "steady"),
    [
        ((100.0,) * 20, 0.0),
        ((10.0, 40.0, 85.0, 95.0, *[100.0] * 16), 0.9),
        ((95.0, 20.0, *[100.0] * 18), 0.0),
        ((0.0,) * 20, None),
        ((), None),
    ],
)
def test_a_rate_is_that_of_later_when_nine_tenths_of_it_are_there(
    rates: tuple[float, ...], steady: float | None
) -> None:
    assert steady_s(rates, 6.0) == (steady if steady is None else pytest.approx(steady))
