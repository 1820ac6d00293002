"""What benchmarks and campaigns share, without Docker."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any, cast

import pytest

from contract.exits import LabError
from contract.result.trial_result import TrialResult
from contract.settings.trial import Settings
from experiments.benchmarks.frame import ATTEMPTS, Frame, Trials
from experiments.benchmarks.load_generators.workers import QUOTA, two_workers
from experiments.machine.cores import Placement
from experiments.plan.trials import Trial
from experiments.records.outcome import Outcome
from experiments.run.standalone_server import NotListeningError, StandaloneServers
from experiments.run.trial import TrialRunner
from experiments.run.trial_containers import Containers
from tests.support.fakes import FakeDriver, FakeImages
from tests.support.placed import placed
from tests.support.results import a_result, with_window

NOTHING = cast(Any, None)
FRAME = Frame("bench", "r", NOTHING, NOTHING, print)
SETTINGS = Settings(active_connections=4, window_s=1.0)
GOOD = a_result()


class FakeRunner:
    """Gives one outcome after the other, and counts how often it was asked to settle."""

    def __init__(self, *results: TrialResult | None) -> None:
        self._outcomes = deque(Outcome(one, "" if one else "no engine") for one in results)
        self.positions: list[int] = []
        self.settled = 0

    def run(self, trial: Trial) -> Outcome:
        self.positions.append(trial.position)
        return self._outcomes.popleft()

    def settle(self) -> None:
        self.settled += 1


def trials_of(runner: FakeRunner) -> Trials:
    return Trials(FRAME, cast(TrialRunner, runner))


def test_a_void_trial_is_measured_again() -> None:
    runner = FakeRunner(None, GOOD, GOOD)
    trials = trials_of(runner)
    row, window = trials.measure(SETTINGS)
    assert row["requests"] == window.requests == 10_000
    trials.measure(SETTINGS)
    assert (runner.positions, runner.settled) == ([1, 1, 2], 1)
    assert [row["validity"] for row in trials.rows] == ["server_bound", "server_bound"]
    assert [(one.server, one.reason) for one in trials.void] == [("epoll_level", "no engine")]


def test_void_to_the_end_is_kept_or_ends_the_benchmark() -> None:
    trials = trials_of(FakeRunner(*[None] * (2 + ATTEMPTS)))
    row, _ = trials.attempt(SETTINGS, attempts=2)
    assert (row["validity"], row["reason"]) == ("void", "no engine")
    assert len(trials.void) == 2
    with pytest.raises(LabError, match=f"{ATTEMPTS} attempts and none measured.*no engine"):
        trials.measure(SETTINGS)


def test_figures_are_saved_under_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.benchmarks.frame.RESULTS", tmp_path)
    path = Frame.save(FRAME, {"a": 1})
    assert path == tmp_path / "bench" / "r" / "bench.json"
    assert path.read_text() == '{\n  "a": 1\n}\n'


def test_a_server_that_does_not_listen_leaves_nothing() -> None:
    driver = FakeDriver(dead={"server"})
    servers = StandaloneServers(driver, FakeImages(), Placement("0", ("1",), "1"), "net", "p")
    with pytest.raises(NotListeningError, match="log of server"), servers.serving("poll"):
        pytest.fail("it does not listen")
    assert driver.up == {}
    pod, server = driver.started
    assert (pod.name, server.name, server.network) == ("p-pod", "p-server", "container:p-pod#0")
    assert server.cpus == "0"


class Workers(FakeRunner):
    """Answers as much as its load workers may ask for; remembers how much each may use."""

    def __init__(self, server_cpu_s: float) -> None:
        super().__init__()
        self.containers = Containers(FakeImages(), placed(2), "net", 20_000, "c10k-run")
        self.quotas: list[float | None] = []
        self._server_cpu_s = server_cpu_s

    def run(self, trial: Trial) -> Outcome:
        workers = trial.point.settings.load_workers
        self.quotas.append(self.containers.load_cpu_quota)
        result = a_result(10_000 * workers, self._server_cpu_s * workers)
        changes = {"response_mean_us": 64 / 10_000 / workers * 1e6, "covered": 64}
        return Outcome(with_window(result, **changes))


def test_two_load_workers_against_one() -> None:
    runner = Workers(server_cpu_s=0.4)
    pairs = two_workers(trials_of(runner), cast(TrialRunner, runner), 3)
    assert pairs == [{"one": 10_000, "two": 20_000, "ratio": 2.0}] * 3
    assert runner.quotas == [QUOTA] * 6
    assert runner.containers.load_cpu_quota is None


def test_a_busy_server_tells_nothing_of_its_load() -> None:
    runner = Workers(server_cpu_s=0.48)
    with pytest.raises(LabError, match="the server used 96% of its core"):
        two_workers(trials_of(runner), cast(TrialRunner, runner), 1)
    assert runner.containers.load_cpu_quota is None
