"""The compose file is in step with the folder of variants, and safe; Compose is run in one way."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract.exits import Exit
from contract.ports import SERVER_PORT, WEB_PORT
from contract.settings.trial import Settings
from experiments.docker import compose
from experiments.docker.compose import Compose, ComposeError, cause
from experiments.paths import ROOT
from experiments.plan.experiment_file import servers
from experiments.run.loop import Interrupted, interruptible
from experiments.run.trial_containers import PROBE

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
HELPERS = {"master", "worker"}


def probe(name: str) -> str:
    return f"{name}_probe"


def test_every_variant_has_a_service() -> None:
    missing = set(servers()) - set(SERVICES)
    lines = "".join(
        f"  {name}:\n    <<: *server\n    command: [python3, -m, servers, {name}]\n"
        f"  {probe(name)}:\n    <<: *probe\n    network_mode: service:{name}\n"
        f"    pid: service:{name}\n"
        for name in sorted(missing)
    )
    assert not missing, f"add to docker-compose.yml, under services:\n{lines}"
    surplus = set(SERVICES) - set(servers()) - {probe(name) for name in servers()} - HELPERS
    assert not surplus, f"no such variant, remove from docker-compose.yml: {surplus}"


def test_every_server_has_a_probe_beside_it() -> None:
    for name in servers():
        assert probe(name) in SERVICES, f"add to docker-compose.yml, under services: {probe(name)}"
        beside = SERVICES[probe(name)]
        assert beside["pid"] == beside["network_mode"] == f"service:{name}"
        assert beside["command"] == [*PROBE, str(SERVER_PORT)]
        assert beside["labels"]["c10k-lab.role"] == "probe"


def test_a_server_by_hand_has_the_defaults_of_a_trial() -> None:
    usual, common = Settings(), COMPOSE["x-server"]
    assert common["environment"] == {"C10K_BACKLOG": f"${{C10K_BACKLOG:-{usual.backlog}}}"}
    assert common["sysctls"] == {"net.core.somaxconn": f"${{C10K_SOMAXCONN:-{usual.somaxconn}}}"}


def test_the_web_ui_is_where_it_is_said_to_be() -> None:
    assert SERVICES["master"]["ports"] == [f"127.0.0.1:{WEB_PORT}:{WEB_PORT}"]


def test_the_form_offers_every_variant() -> None:
    for helper in HELPERS:
        offered = SERVICES[helper]["environment"]["C10K_SERVERS"].split()
        different = sorted(set(offered) ^ set(servers()))
        assert not different, f"C10K_SERVERS of docker-compose.yml lacks, or has alone: {different}"


def test_every_container_is_confined() -> None:
    for name, service in SERVICES.items():
        assert service["user"] == "10001:10001", name
        assert service["read_only"] is True, name
        assert service["init"] is False, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges"], name
        assert "volumes" not in service, name
        assert service["labels"]["c10k-lab"] == "1", name
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name


def test_the_name_of_a_server_that_has_ended_leads_to_nobody() -> None:
    for helper in HELPERS:
        assert SERVICES[helper]["dns_search"] == "."


FIRST_GENERATION = """
Creating lab_io_uring_1 ... done
Creating lab_io_uring_probe_1 ...
Creating lab_io_uring_probe_1 ... error

ERROR: for lab_io_uring_probe_1  Cannot start service io_uring_probe: cannot join PID of a non \
running container

ERROR: for io_uring_probe  Cannot start service io_uring_probe: cannot join PID
Encountered errors while bringing up the project.
"""
SECOND_GENERATION = """
 Container lab-io_uring-1  Started
 Container lab-io_uring_probe-1  Error response from daemon: cannot join PID
 Container lab-poll-1  Started
Error response from daemon: cannot join PID of a non running container: 1234
"""


@pytest.mark.parametrize(
    ("output", "line"),
    [
        (
            FIRST_GENERATION,
            "ERROR: for io_uring_probe  Cannot start service io_uring_probe: cannot join PID",
        ),
        (
            FIRST_GENERATION.replace("Encountered", "ERROR: Encountered"),
            "ERROR: for io_uring_probe  Cannot start service io_uring_probe: cannot join PID",
        ),
        (
            SECOND_GENERATION,
            "Error response from daemon: cannot join PID of a non running container: 1234",
        ),
        ("service my_app: no such image\n\n", "service my_app: no such image"),
        ("\n", "it ended without a word"),
    ],
)
def test_the_cause_is_one_line_of_many(output: str, line: str) -> None:
    assert cause(output) == line


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Compose of the first generation, to be written; its folder's name has a space."""
    made = tmp_path / "a path" / "docker-compose"
    made.parent.mkdir()
    made.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(made.parent), prepend=os.pathsep)
    monkeypatch.setattr(compose, "command", lambda: ["docker-compose"])
    monkeypatch.setattr(compose, "LOG", made.parent / "ui" / "compose.log")
    return made


def test_a_failure_is_told_in_a_line_and_everything_is_in_a_file(program: Path) -> None:
    noise = "".join(f"echo line {number} >&2\n" for number in range(400))
    program.write_text(f"#!/bin/sh\n{noise}echo 'ERROR: no such thing' >&2\n{noise}exit 1\n")
    with pytest.raises(ComposeError) as failed:
        Compose({}).run("up", "--detach")
    message = str(failed.value)
    assert message.startswith("docker-compose up: ERROR: no such thing (all that it said is in ")
    assert str(compose.LOG) in message
    assert "\n" not in message
    assert failed.value.exit is Exit.NOT_READY
    assert compose.LOG.read_text().count("line 399") == 2


def test_it_is_told_its_files_its_project_and_the_variables(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [program.parent / name for name in ("docker-compose.yml", "own.yml", "none.yml")]
    for path in files[:2]:
        path.touch()
    monkeypatch.setattr(compose, "FILES", files)
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@" "$C10K_OWNER"\necho noise >&2\n')
    told = Compose({"C10K_OWNER": "me"}).run("config").splitlines()
    wanted = ["--file", files[0], "--file", files[1], "--project-name", compose.PROJECT, "config"]
    assert told == [*map(str, wanted), "me"]
    told = Compose({}).run("down", overridden=False).splitlines()
    assert told[:-1] == list(map(str, [*wanted[:2], *wanted[4:6], "down"]))


def test_a_stack_of_the_users_is_left_alone_and_the_engine_is_the_labs(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSE_FILE", "/home/me/stack.yml")
    monkeypatch.setenv("COMPOSE_PROFILES", "everything")
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/mine.sock")
    monkeypatch.setenv("HOME_OF_MINE", "stays")
    program.write_text("#!/bin/sh\nenv\n")
    told = Compose({}).run("config").splitlines()
    assert not [line for line in told if line.startswith("COMPOSE_")]
    assert "DOCKER_HOST=unix:///run/mine.sock" in told
    assert "HOME_OF_MINE=stays" in told


def test_an_interruption_comes_when_compose_has_done_what_it_was_asked(
    program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the engine still makes for it would be left when everything has been removed."""
    # A shell that runs tests in the background has them ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    done = program.parent / "done"
    program.write_text(f"#!/bin/sh\nkill -INT {os.getpid()}\nsleep 0.5\n: > '{done}'\n")
    try:
        with pytest.raises(Interrupted), interruptible():
            Compose({}).run("up")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert done.exists()
    assert "stopping as soon as Compose has ended" in capsys.readouterr().err
