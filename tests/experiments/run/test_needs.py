"""Containers beside a server: fresh for each trial, waited for, watched, logged and removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from contract.result.trial_result import TrialResult
from experiments.docker.driver import USER, ContainerState, Ended
from experiments.plan.schema import Experiment
from experiments.plan.trials import Trial, plan
from experiments.records.outcome import Outcome
from experiments.records.trial_row import make_row
from experiments.run import needs as module
from experiments.run.trial import TrialRunner
from experiments.run.trial_containers import Containers
from tests.support.fakes import FakeDriver, FakeImages, FakeMaster
from tests.support.placed import placed
from tests.support.results import a_result

DB: dict[str, Any] = {"image": "db:1", "port": 5432, "user": "image", "files": {"a": "/etc/a"}}
CACHE: dict[str, Any] = {"image": "cache:1", "health": ["cache", "ping"], "memory": "64m"}
IDS = {"shop": "sha256:shop", "shop/db": "sha256:db", "shop/cache": "sha256:cache"}
READY = {"db-watch": "ready\n", "cache-watch": "ready\n"}
WELL = {"cache": Ended(0, "PONG")}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.run.loaded_trial.EVERY_S", 0.0)
    monkeypatch.setattr(module, "READY_S", 0.1)
    monkeypatch.setattr(module, "END_S", 0.0)


def shop(needs: Mapping[str, Any], **settings: Any) -> Trial:
    asked = Experiment.model_validate(
        {
            "question": "?",
            "reference": False,
            "servers": [{"image": "shop:1", "port": 8000, "needs": needs}],
            "sweeps": [{"name": "s", "settings": {"server": "shop", "window_s": 1.0, **settings}}],
        }
    )
    return plan(asked)[0]


def conduct(
    driver: FakeDriver, trial: Trial, cores: int = 2, master: FakeMaster | None = None
) -> Outcome:
    containers = Containers(
        *(FakeImages(), placed(cores), "net", 9_999, "run", IDS), folder=Path("/results/run")
    )
    runner = TrialRunner(driver, cast(Any, master or FakeMaster()), containers)
    outcome = runner.run(trial)
    runner.settle()
    return outcome


def row_of(trial: Trial, outcome: Outcome) -> dict[str, Any]:
    return make_row("e", "r", "2026-01-01T00:00:00+00:00", trial, outcome)


def test_they_are_there_before_the_server_which_knows_them_by_name() -> None:
    driver = FakeDriver(said=READY, answers=WELL)
    outcome = conduct(driver, shop({"db": DB, "cache": CACHE}))
    assert outcome.reason == ""
    kinds = [spec.name.partition("-")[2].partition("-")[2] for spec in driver.started]
    assert kinds[:5] == ["db", "db-watch", "cache", "cache-watch", "pod"]
    assert driver.executed == [("cache", "ping")]
    db, watch, cache, _, pod = driver.started[:5]
    assert (db.image, db.network, db.aliases, db.hostname) == ("sha256:db", "net", ("db",), "db")
    assert (db.user, dict(db.files)) == (None, {"/results/run/files/a": "/etc/a"})
    assert (cache.user, cache.memory_bytes) == (USER, 64 * 2**20)
    assert not db.publish
    assert set(pod.hosts) == {"db", "cache"}
    assert (watch.command[-1], watch.user) == ("5432", "0:0")
    assert outcome.logs["db"] == "log of need"
    assert not driver.up


@pytest.mark.parametrize(
    ("cores", "workers", "needs"), [(2, 1, "1"), (3, 1, "1"), (4, 1, "1,2"), (8, 3, "1,2,3,6")]
)
def test_they_are_on_no_measured_core_where_there_are_others(
    cores: int, workers: int, needs: str
) -> None:
    driver = FakeDriver(said=READY)
    trial = shop({"db": DB}, load_workers=workers)
    conduct(driver, trial, cores)
    placement = placed(cores)
    assert {spec.cpus for spec in driver.started if spec.role == "need"} == {needs}
    measured = set(placement.measured(workers))
    assert (set(needs.split(",")) & measured == set()) == (cores > 2)


def test_over_a_bridge_only_the_server_s_side_knows_them() -> None:
    driver = FakeDriver(said=READY)
    conduct(driver, shop({"db": DB}, network="bridge"))
    pods = {spec.name.rpartition("-")[2]: spec for spec in driver.started if spec.role == "pod"}
    assert (set(pods["pod"].hosts), set(pods["client"].hosts)) == ({"db"}, set())


def test_one_that_ends_at_once_is_told_with_its_last_words() -> None:
    driver = FakeDriver(dead={"db"}, broken={"probe"}, said={"db": "no\nbad config: x\n"})
    trial = shop({"db": DB})
    outcome = conduct(driver, trial)
    assert outcome.reason == "its db ended with exit code 9 no | bad config: x"
    row = row_of(trial, outcome)
    assert (row["reason"], row["spoiled_by"]) == (outcome.reason, "surroundings")
    assert not driver.up
    assert "server" not in {spec.role for spec in driver.started}


def test_key_that_may_help_one_that_ended_is_named() -> None:
    said = {"db": "mkdir: cannot create directory '/data/db': Read-only file system"}
    outcome = conduct(FakeDriver(dead={"db"}, said=said | READY), shop({"db": DB}))
    assert outcome.need_ended.endswith("`writable: all` where what the image has there is needed")


def test_one_that_ended_later_spoils_a_trial_that_was_measured() -> None:
    class Failing(FakeDriver):
        """Its database ends as the load begins."""

        def start(self, spec: Any) -> str:
            if spec.role == "load":
                self.dead.add("db")
            return super().start(spec)

    trial = shop({"db": DB})
    outcome = conduct(Failing(said=READY), trial)
    row = row_of(trial, outcome)
    assert isinstance(outcome.result, TrialResult)
    assert row["reason"].startswith("its db ended with exit code 9 log of need")
    assert (row["validity"], row["spoiled_by"]) == ("void", "surroundings")


def test_server_that_ended_with_its_database_is_not_to_blame() -> None:
    trial = shop({"db": DB})
    driver = FakeDriver(said=READY)

    class Both(FakeMaster):
        def swarm(self, users: int, form: dict[str, Any]) -> None:
            super().swarm(users, form)
            driver.dead |= {"db", "server"}

    row = row_of(trial, conduct(driver, trial, master=Both(silent=True)))
    assert row["reason"].startswith("its db ended with exit code 9")
    assert "the server ended with exit code 9; its log ends: log of server" in row["reason"]
    assert row["spoiled_by"] == "surroundings"


def test_port_that_nobody_reaches_is_given_up_with_who_listens() -> None:
    said = {"db-watch": '[]\n[["127.0.0.1", 5432, false, 0]]\n'}
    outcome = conduct(FakeDriver(said=said), shop({"db": DB}))
    assert outcome.reason == (
        "its db was not ready within 0 s: it listens on 127.0.0.1:5432 alone, and connections "
        "come from another container"
    )
    assert outcome.spoiled_by == "surroundings"


@pytest.mark.parametrize("need", ["db", "cache"])
def test_a_watcher_that_ended_is_told_at_once_and_is_no_fault_of_what_it_watched(
    need: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READY_S", 60.0)
    watch = f"{need}-watch"
    driver = FakeDriver(dead={watch}, said={watch: "Traceback\nOSError: no sock_diag\n"})
    trial = shop({need: DB if need == "db" else CACHE})
    row = row_of(trial, conduct(driver, trial))
    assert row["reason"] == (
        f"what watches its {need} ended with exit code 9: Traceback | OSError: no sock_diag"
    )
    assert row["spoiled_by"] == "surroundings"
    assert not driver.up


def test_a_watcher_that_ended_with_what_it_watched_is_not_to_blame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "END_S", 60.0)

    class Late(FakeDriver):
        """The engine learns of the end of the database a little later than of its watcher's."""

        looks = 0

        def state(self, container: str) -> ContainerState:
            if self._spec(container).name.endswith("-db"):
                self.looks += 1
                self.dead |= {"db"} if self.looks > 2 else set()
            return super().state(container)

    outcome = conduct(Late(dead={"db-watch"}, said={"db": "no room"}), shop({"db": DB}))
    assert outcome.reason == "its db ended with exit code 9 no room"


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"cache": Ended(1, "loading\n")}, "'cache ping' ended with 1 loading"),
        ({}, "nothing can be executed in"),
    ],
)
def test_health_that_never_comes_is_given_up_with_what_it_said(
    answers: dict[str, Ended], told: str
) -> None:
    outcome = conduct(FakeDriver(said=READY, answers=answers), shop({"cache": CACHE}))
    assert "its cache was not ready within 0 s: " in outcome.reason
    assert told in outcome.reason


def test_their_time_is_no_other_program_s() -> None:
    result = a_result()
    opened, closed = result.sample("open"), result.sample("close")
    assert opened is not None
    assert closed is not None
    wall = closed.at_ns - opened.at_ns
    log = f"ready\n{opened.at_ns - wall} 0\n{closed.at_ns + wall} {wall * 3 // 10}\n"
    trial = shop({"db": DB})
    rows = [
        row_of(trial, conduct(FakeDriver(said={"db-watch": log}), trial, cores)) for cores in (2, 4)
    ]
    assert [row["needs_cpu_share"] for row in rows] == pytest.approx([0.1, 0.1])
    plain = row_of(trial, replace(conduct(FakeDriver(said=READY), trial), needs=None))
    assert rows[1]["foreign_cpu_share"] == plain["foreign_cpu_share"]
    assert rows[0]["foreign_cpu_share"] == pytest.approx(max(0.0, plain["foreign_cpu_share"] - 0.1))


def test_what_does_not_start_is_the_engine_s_fault() -> None:
    driver = FakeDriver(broken={"need"})
    outcome = conduct(driver, shop({"db": DB}))
    assert (outcome.reason, outcome.spoiled_by) == ("no need today", "surroundings")
    assert not driver.up


def test_those_of_the_trial_before_are_gone_before_others_have_their_names() -> None:
    class Watching(FakeDriver):
        def start(self, spec: Any) -> str:
            assert spec.role != "need" or not self.up
            return super().start(spec)

    driver, trial = Watching(said=READY), shop({"db": DB})
    containers = Containers(FakeImages(), placed(2), "net", 9_999, "run", IDS)
    runner = TrialRunner(driver, cast(Any, FakeMaster()), containers)
    assert [runner.run(trial).reason for _ in range(3)] == [""] * 3
    runner.settle()
