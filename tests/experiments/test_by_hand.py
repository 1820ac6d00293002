"""Loading by hand starts whoever can run, and says why others cannot. A Compose without Docker."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from contract.exits import Exit, LabError
from experiments import by_hand
from experiments.by_hand import ByHand, ending, groups_of
from experiments.docker import compose
from experiments.docker.compose import ComposeError
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import ContainerState
from experiments.machine.run_lock import RunLock
from tests.support.compose_engine import FORBIDDEN, LISTENING, SERVICES, Engine, OfAnEngine


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_hand, "_await", lambda *_: None)
    monkeypatch.setattr(by_hand, "LATE_S", 0.0)
    monkeypatch.setattr(by_hand, "LOOK_S", 0.0)


def lab(
    engine: Engine, refused: dict[str, dict[str, str]] | None = None
) -> tuple[ByHand, OfAnEngine, list[str]]:
    said: list[str] = []
    composed = OfAnEngine(engine, refused or {})
    return ByHand(cast("DockerDriver", engine), composed, said.append), composed, said


def told(said: list[str]) -> list[str]:
    return [line for line in said if line.startswith("cannot run here")]


def test_everything_is_started_when_everything_can_run() -> None:
    engine = Engine()
    made, composed, said = lab(engine)
    made.start(2)
    assert set(engine.up) == set(SERVICES.split())
    assert json.loads(composed.variables["C10K_UNAVAILABLE"]) == {}
    assert ("up", "--detach", "--scale", "worker=2", "master", "worker") in composed.asked
    assert told(said) == []


def test_who_cannot_run_is_left_out_with_its_probe_and_its_reason() -> None:
    engine = Engine()
    cannot = {"io_uring": FORBIDDEN}
    made, composed, said = lab(engine, {"epoll_level": cannot, "io_uring": cannot})
    made.start(1)
    assert set(engine.up) == set(SERVICES.split()) - {"io_uring", "io_uring_probe"}
    assert json.loads(composed.variables["C10K_UNAVAILABLE"]) == cannot
    assert told(said) == [f"cannot run here: io_uring: {FORBIDDEN}"]


def test_who_was_granted_more_in_its_own_container_is_started() -> None:
    engine = Engine()
    made, _, said = lab(engine, {"epoll_level": {"io_uring": FORBIDDEN}})
    made.start(1)
    assert "io_uring_probe" in engine.up
    assert told(said) == []


@pytest.mark.parametrize("server", ["io_uring", "my_app"])
def test_who_ends_though_it_was_thought_to_run_costs_nobody_else(server: str) -> None:
    engine = Engine({server: f"error: {FORBIDDEN}"})
    made, composed, said = lab(engine)
    made.start(1)
    assert set(engine.up) == set(SERVICES.split()) - {server, f"{server}_probe"}
    assert json.loads(composed.variables["C10K_UNAVAILABLE"]) == {server: FORBIDDEN}
    assert told(said) == [f"cannot run here: {server}: {FORBIDDEN}"]


def test_who_does_not_listen_is_told_and_a_foreign_one_is_not_asked_to_say_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(by_hand, "LISTEN_S", 0.0)
    engine = Engine({"io_uring": "hangs", "my_app": "hangs"})
    made, _, said = lab(engine)
    made.start(1)
    assert told(said) == ["cannot run here: io_uring: it did not listen within 0 s"]
    assert "my_app" in engine.up


def test_nobody_can_run() -> None:
    engine = Engine(dict.fromkeys(("io_uring", "my_app"), "broken"))
    cannot = {"epoll_level": "no threads here"}
    made, _, _ = lab(engine, {"epoll_level": cannot})
    with pytest.raises(LabError, match="no server can run here\n") as none:
        made.start(1)
    assert none.value.exit is Exit.NOT_READY
    for line in (
        "cannot run here: epoll_level: no threads here",
        "cannot run here: io_uring: it ended with exit code 3: broken",
    ):
        assert line in str(none.value).splitlines()


@pytest.mark.parametrize("command", ["config", "run", "up"])
def test_another_failure_of_compose_is_not_taken_for_a_servers(command: str) -> None:
    made, composed, _ = lab(Engine())
    composed.fails[command] = "no space left on device"
    with pytest.raises(ComposeError, match="no space left on device"):
        made.start(1)


def test_what_an_earlier_start_left_is_removed_first() -> None:
    engine = Engine()
    engine.start("io_uring")
    made, composed, said = lab(engine)
    made.start(1)
    assert composed.asked[0][0] == "down"
    assert said[0] == "removing what an earlier start left"


def test_what_the_engine_makes_late_is_removed_as_well() -> None:
    engine = Engine()
    made, composed, _ = lab(engine)
    late = iter(["io_uring", "my_app"])

    def run(*arguments: str, overridden: bool = True) -> str:
        del overridden
        composed.asked.append(arguments)
        engine.up.clear()
        if service := next(late, None):
            engine.start(service)
        return ""

    composed.run = run  # type: ignore[method-assign]
    made.end()
    assert engine.up == {}
    assert len(composed.asked) == 3


def test_what_cannot_be_removed_at_once_is_tried_again() -> None:
    made, composed, _ = lab(Engine())
    """And then without what a person wrote, which may be the reason."""
    failures = iter(["my_app has neither an image nor a build context"])

    def run(*arguments: str, overridden: bool = True) -> str:
        composed.asked.append((*arguments, str(overridden)))
        if failure := next(failures, None):
            raise ComposeError(failure)
        return ""

    composed.run = run  # type: ignore[method-assign]
    made.end()
    assert [words[-1] for words in composed.asked] == ["True", "False"]


def test_a_failed_clean_up_tells_both_reasons() -> None:
    made, composed, _ = lab(Engine())
    composed.fails["down"] = "network lab has active endpoints"
    with pytest.raises(LabError, match=r"no engine; and then .*active endpoints.*make clean"):
        by_hand._end_after(made, LabError("no engine"))


@pytest.mark.parametrize(
    ("labels", "code", "words"),
    [
        (None, Exit.NOT_READY, r"port 8089: taken; stop what holds it"),
        ({by_hand.LABEL_PROJECT: compose.PROJECT}, Exit.BUSY, "is up already.*make down"),
        ({by_hand.LABEL_PROJECT: "other"}, Exit.NOT_READY, r"by another lab \(its-master\)"),
    ],
)
def test_a_taken_port_is_told_with_whose_it_is(
    monkeypatch: pytest.MonkeyPatch, labels: dict[str, str] | None, code: Exit, words: str
) -> None:
    class WithMaster(Engine):
        def containers(self, **_filters: Any) -> list[dict[str, Any]]:
            return [] if labels is None else [{"Names": ["/its-master"], "Labels": labels}]

    monkeypatch.setattr(by_hand, "port_is_free", lambda _port: False)
    with pytest.raises(LabError, match=words) as taken:
        by_hand._check_port(cast("DockerDriver", WithMaster()))
    assert taken.value.exit is code


def test_nothing_is_ended_while_somebody_starts_or_measures(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What `down` removes, an `up` beside it would go on to start."""
    lock = tmp_path / "lock"
    monkeypatch.setattr(by_hand, "RunLock", partial(RunLock, path=lock))
    monkeypatch.setattr(by_hand, "DockerDriver", lambda: pytest.fail("it went to the engine"))
    with RunLock("ui", tmp_path, lock), pytest.raises(LabError, match="run ui") as busy:
        by_hand.down()
    assert busy.value.exit is Exit.BUSY


def test_servers_and_their_probes() -> None:
    assert groups_of(SERVICES.split()) == {
        "epoll_level": ["epoll_level", "epoll_level_probe"],
        "io_uring": ["io_uring", "io_uring_probe"],
        "my_app": ["my_app"],
    }
    assert groups_of(["lonely_probe"]) == {"lonely_probe": ["lonely_probe"]}


@pytest.mark.parametrize(
    ("log", "killed", "reason"),
    [
        (f"error: {FORBIDDEN}\n", False, FORBIDDEN),
        ("", False, "it ended with exit code 137"),
        ("a\nno configuration\n", False, "it ended with exit code 137: no configuration"),
        (LISTENING, True, f"it ended with exit code 137, out of memory: {LISTENING}"),
    ],
)
def test_why_a_server_ended(log: str, killed: bool, reason: str) -> None:
    assert ending(ContainerState(False, 137, killed), log) == reason


@pytest.mark.parametrize("said", ["", "bash: python3: not found", "{"])
def test_service_that_does_not_tell_who_can_run_is_named(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    made, composed, _ = lab(Engine())
    answer = composed.run
    monkeypatch.setattr(
        composed, "run", lambda *words: said if words[0] == "run" else answer(*words)
    )
    with pytest.raises(ComposeError, match="service epoll_level: asked which servers can run"):
        made.start(1)
