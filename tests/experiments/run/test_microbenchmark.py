"""Trials without clients: settings, plan, container, row, and every way not to be measured."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from contract.columns import COLUMNS, NAMES
from contract.exits import LabError
from contract.settings.conflicts import ConflictError, check
from contract.settings.trial import Settings
from experiments.docker.driver import ContainerState
from experiments.plan.capacity import MARGIN
from experiments.plan.experiment_file import find, read
from experiments.plan.overrides import choose
from experiments.plan.trials import Point, Trial, plan
from experiments.records.outcome import Outcome
from experiments.records.trial_row import make_row
from experiments.run import microbenchmark as module
from experiments.run.loop import descriptors
from experiments.run.master_container import MasterContainer
from experiments.run.progress import describe, summarise
from experiments.run.trial import TrialRunner
from experiments.run.trial_containers import Containers
from tests.support.fakes import FakeDriver, FakeImages, FakeMaster
from tests.support.placed import placed

WAITS = {
    "turns": 1_000,
    "window_ns": 400_000_000,
    "waited_ns": 2_050_000,
    "clock_ns": 50,
    "bare_ns": 900.0,
    "cpu_ns": 396_000_000,
    "busy_ticks": 40,
    "steal_ticks": 1,
    "clock_ticks": 100,
    "affinity": [0],
}
WATCHED = {"event": "watched", "descriptors": 10}
WALL = {"event": "limit", "limit": "FD_SETSIZE", "value": 1024, "message": "takes 9 of 10"}


def measured(**changes: float | list[int]) -> str:
    return lines(WATCHED, {"event": "measured", **WAITS, **changes})


def lines(*events: dict[str, Any]) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


def a_trial(**changes: Any) -> Trial:
    given = {"server": "poll", "load": "one_wait", "watched": 10, "warm_up_s": 0.0}
    settings = check(Settings(**{**given, "window_s": 0.2, **changes}))
    return Trial(Point("wait", settings), 1, 1, 1)


@dataclass
class Ended(FakeDriver):
    """Its containers have printed `log` and ended with `code`; None goes on for ever."""

    log: str = ""
    code: int | None = 0

    def logs(self, container: str) -> str:
        assert container in self.up
        return self.log

    def state(self, _container: str) -> ContainerState:
        return ContainerState(self.code is None, self.code, False)


def conduct(driver: FakeDriver) -> tuple[Outcome, dict[str, Any], FakeMaster]:
    master = FakeMaster()
    containers = Containers(FakeImages(), placed(2), "net", 20_000, "c10k-run")
    runner = TrialRunner(driver, cast(MasterContainer, master), containers)
    trial = a_trial()
    outcome = runner.run(trial)
    runner.settle()
    assert not driver.up
    return outcome, make_row("e", "r", "2026-01-01T00:00:00+00:00", trial, outcome), master


@pytest.fixture(autouse=True)
def _no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.run.microbenchmark.time.sleep", lambda _seconds: None)


def test_one_container_no_load_and_a_valid_row() -> None:
    driver = Ended(log=measured())
    outcome, row, master = conduct(driver)
    (spec,) = driver.started
    assert (spec.role, spec.network, spec.cpus, spec.nofile) == ("server", "none", "0", 20_000)
    assert spec.command[1:7] == ("-m", "servers.microbench.readiness_bench", "one_wait", "poll",
                                 "--watched", "10")  # fmt: skip
    assert master.forms == []
    assert outcome.logs == {"server": measured()}
    assert (row["validity"], row["reason"], row["outcome"]) == ("server_bound", "", "completed")
    assert row["requests_per_s"] == pytest.approx(2_500)
    assert row["wait_us"] == pytest.approx(2.0)  # 2.05 less what the clock takes
    assert row["bare_us"] == pytest.approx(0.9)
    assert row["server_cpu_us_per_request"] == pytest.approx(396)
    assert (row["watched"], row["watched_held"], row["active_connections"]) == (10, 10, 0)


@pytest.mark.parametrize(
    "driver",
    [Ended(log=measured()), Ended(log=lines(WALL, WATCHED), code=3), FakeDriver(broken={"server"})],
)
def test_every_row_is_one_of_the_record_format(driver: FakeDriver) -> None:
    _, row, _ = conduct(driver)
    assert set(row) <= set(NAMES)
    for column in COLUMNS:
        if column.required:
            assert row.get(column.name) not in (None, ""), column.name


def test_benchmark_on_other_cores_than_was_asked_is_void() -> None:
    _, row, _ = conduct(Ended(log=measured(affinity=[0, 1])))
    assert row["reason"] == "the benchmark had cores 0 and 1, and not core 0 as asked"
    assert (row["validity"], row["spoiled_by"]) == ("void", "surroundings")


def test_a_limit_is_a_finding() -> None:
    _, row, _ = conduct(Ended(log=lines(WALL, {**WATCHED, "descriptors": 9}), code=3))
    assert (row["validity"], row["outcome"], row["watched_held"]) == ("limit_reached", "failed", 9)
    assert row["reason"] == "takes 9 of 10"
    assert row["server_limit"] == "FD_SETSIZE: takes 9 of 10"


def test_what_ends_badly_says_its_last_words() -> None:
    _, row, _ = conduct(Ended(log="Traceback\nRuntimeError: no", code=1))
    assert row["reason"] == (
        "the benchmark ended with exit code 1; its log ends: Traceback | RuntimeError: no"
    )


def test_what_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOST_S", -1.0)
    _, row, _ = conduct(Ended(code=None))
    assert row["validity"] == "void"
    assert "did not end" in row["reason"]


def test_what_cannot_be_read_is_named() -> None:
    _, row, _ = conduct(Ended(log=lines({"event": "measured", **WAITS, "turns": "many"})))
    assert row["validity"] == "void"
    assert "measured.turns: expected a whole number" in row["reason"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"cpu_ns": 300_000_000}, "had only 75% of its core"),
        ({"steal_ticks": 8}, "the hypervisor took 20%"),
        ({"busy_ticks": 80}, "other programs used 1.0 cores"),
    ],
)
def test_a_disturbed_benchmark_is_void(change: dict[str, int], reason: str) -> None:
    _, row, _ = conduct(Ended(log=measured(**change)))
    assert row["validity"] == "void"
    assert reason in row["reason"]


def test_its_core_is_timed_where_the_benchmark_tells() -> None:
    loops = {"before": 1_500.0, "after": 990.5}
    _, row, _ = conduct(
        Ended(log=lines(WATCHED, {"event": "measured", **WAITS, "core_loops_us": loops}))
    )
    names = ("server_core_loop_before_us", "server_core_loop_after_us", "load_core_loop_after_us")
    assert [row.get(name) for name in names] == [1_500.0, 990.5, None]
    _, older, _ = conduct(Ended(log=measured()))
    assert older["validity"] == "server_bound"
    assert older["server_core_loop_before_us"] is None


def test_passes_are_not_timed_one_by_one() -> None:
    assert conduct(Ended(log=measured(waited_ns=0)))[1]["wait_us"] is None


def test_a_terminal_shows_what_was_measured() -> None:
    _, row, _ = conduct(Ended(log=measured()))
    assert describe(a_trial()) == "poll: 10 descriptors, one wait"
    assert summarise(row) == "2,500/s, 2.00 us a wait"
    assert summarise({**row, "wait_us": None}) == "2,500/s"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"watched": None}, "load one_wait needs watched"),
        ({"load": "keep_alive"}, "watched is for token_ring and one_wait"),
        ({"server": "iterative"}, "iterative has none that could be measured"),
        ({"idle_connections": 5}, "idle_connections means nothing under token_ring and one_wait"),
        ({"cork": True}, "cork means nothing"),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ConflictError, match=words):
        a_trial(**given)


def test_the_plan_of_the_experiment() -> None:
    experiment = read(find("readiness"))
    trials = plan(experiment)
    both = 2 * 4 * 4  # works, interfaces, numbers of descriptors
    alone = [trial for trial in trials if trial.point.settings.without_clients]
    assert len(alone) == experiment.repeats * both
    assert len({trial.id for trial in trials}) == len(trials)
    assert descriptors(trials) == 2 * 8_000 + MARGIN
    compared = plan(experiment.model_copy(update={"references": True}))
    assert not any(t.point.foreign for t in compared if t.point.settings.without_clients)
    alone_s = alone[0].expected_s
    with_clients_s = next(t for t in trials if not t.point.settings.watched).expected_s
    assert alone_s < with_clients_s
    names = {trial.point.name.rpartition("-")[0] for trial in trials}
    assert {"poll-t8000", "select-w10", "reference-epoll_level-k64-i0-b1024"} <= names


def test_a_server_without_such_an_interface_is_refused_with_words() -> None:
    with pytest.raises(LabError, match="SERVER=nginx: load token_ring measures the interface"):
        choose("readiness", "nginx")
    trials = plan(choose("readiness", "poll").experiment)
    assert {trial.point.settings.server for trial in trials} == {"poll", "epoll_level"}


def test_equal_points_have_equal_names() -> None:
    assert a_trial().point.name == a_trial().point.name
    assert a_trial().point.name != a_trial(watched=11).point.name
    assert replace(a_trial(), repeat=2).id.endswith("-r2")
