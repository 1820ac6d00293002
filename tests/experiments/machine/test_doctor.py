"""What the doctor says, from what was seen; nothing of the machine is asked here."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from contract.exits import Exit
from experiments.docker.messages import explain, unreachable
from experiments.docker.ownership import owner_id
from experiments.machine import checks, doctor
from experiments.machine.checks import Check

if TYPE_CHECKING:
    from pathlib import Path

VERSION = {"Version": "27.1", "ApiVersion": "1.46"}
INFO = {"Architecture": "x86_64", "Driver": "overlay2", "CgroupVersion": "2"}


@pytest.mark.parametrize(
    ("check", "status", "words"),
    [
        (checks.check_engine(VERSION, INFO), "ok", "cgroup v2"),
        (
            checks.check_engine({**VERSION, "Components": [{"Name": "Podman Engine"}]}, INFO),
            "fail",
            "use Docker's engine",
        ),
        (checks.check_engine({**VERSION, "Components": [{"Name": "Engine"}]}, INFO), "ok", ""),
        (checks.check_engine({**VERSION, "ApiVersion": "1.40"}, INFO), "fail", "update Docker"),
        (checks.check_place("unix:///run/d.sock", "DOCKER_HOST", False), "ok", "DOCKER_HOST"),
        (checks.check_place("ssh://me@far", "the context 'far'", True), "fail", "run it there"),
        (checks.check_cores(2), "ok", "2"),
        (checks.check_cores(1), "fail", "2 are needed"),
        (checks.check_nofile(20_000, 10_300), "ok", "20,000"),
        (checks.check_nofile(4_096, 10_300), "fail", "10,300 wanted"),
        (checks.check_space("disk", 3 * 1024**3, 1024**3, "/x"), "ok", "3.0 GiB"),
        (checks.check_space("disk", 1024**2, 1024**3, "/x"), "fail", "free space on /x"),
        (checks.check_space("disk", None, 1024**3, "/x"), "warn", "not on this machine"),
        (checks.check_bridge("1"), "warn", "network: pod"),
        (checks.check_bridge("0"), "ok", "off"),
        (checks.check_bridge(None), "ok", "off"),
        (checks.check_leftovers({"containers": []}, None), "ok", "none"),
        (checks.check_leftovers({"containers": [("1", "pod-1")]}, None), "warn", "pod-1"),
        (checks.check_leftovers({"containers": [("1", "a")]}, "pid 7"), "ok", "pid 7"),
        (checks.check_port(8089, True, None), "ok", "free"),
        (checks.check_port(8089, False, None), "fail", "sport = :8089"),
        (checks.check_port(8089, False, "pid 7"), "ok", "run that is going on"),
        (checks.check_busy(0.01, 0.1), "ok", "1%"),
        (checks.check_busy(0.60, 3.0), "warn", "60%"),
        (checks.check_python((3, 11)), "ok", "3.11"),
        (checks.check_python((3, 15)), "fail", "3.11 to 3.14"),
        (checks.check_program("make", None, "x"), "warn", "install it"),
        (checks.check_program("make", "/usr/bin/make", "x"), "ok", "/usr/bin/make"),
    ],
)
def test_check(check: Check, status: str, words: str) -> None:
    assert check.status == status
    assert words in f"{check.seen} {check.advice}"
    assert bool(check.advice) == (status != "ok")


def test_report_fails_when_one_fails() -> None:
    console = Console(file=io.StringIO(), width=200)
    fine = Check("cores", "ok", "2 [both]")
    assert doctor.report([fine], console) is Exit.OK
    assert doctor.report([fine, checks.check_cores(1)], console) is Exit.NOT_READY
    output = console.file
    assert isinstance(output, io.StringIO)
    assert "2 [both]" in output.getvalue()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("Bind for 127.0.0.1:8089 failed: port is already allocated", "port 8089 is taken"),
        ("listen tcp4 127.0.0.1:80: bind: address already in use", "port 80 is taken"),
        ("write /x: no space left on device", "docker system df"),
        ("No such image: a:1", "make experiment"),
        ("error setting rlimit type 7: operation not permitted", "nofile"),
        ("something new", "something new"),
    ],
)
def test_refusals_of_the_engine(answer: str, words: str) -> None:
    message = explain("starting container pod", answer)
    assert message.startswith("starting container pod: ")
    assert words in message


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (PermissionError(13, "Permission denied"), "usermod -aG docker"),
        (FileNotFoundError(2, "No such file"), "Install Docker"),
        (ConnectionRefusedError(111, "refused"), "not running"),
        (OSError(5, "strange"), "docker version"),
    ],
)
def test_no_engine(cause: OSError, words: str) -> None:
    wrapped = RuntimeError("Error while fetching", ConnectionError("aborted", cause))
    error = unreachable(wrapped, "unix:///x")
    assert error.exit is Exit.NO_DOCKER
    assert words in str(error)
    assert "unix:///x" in str(error)


def test_owner_is_stable_and_of_the_checkout(tmp_path: Path) -> None:
    assert owner_id(tmp_path) == owner_id(tmp_path)
    assert owner_id(tmp_path) != owner_id(tmp_path.parent)
    assert len(owner_id(tmp_path)) == 12
