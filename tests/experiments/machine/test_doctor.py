"""What the doctor says, from what was seen; nothing of the machine is asked here."""

from __future__ import annotations

import io
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from rich.console import Console

from contract.exits import Exit
from experiments.docker.messages import explain, unreachable
from experiments.docker.ownership import owner_id
from experiments.machine import checks, doctor
from experiments.machine.checks import Check
from experiments.machine.host import CONTAINERD

if TYPE_CHECKING:
    from pathlib import Path

    from experiments.docker.docker_driver import DockerDriver

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
        (checks.check_place("unix:///run/d.sock", "the default", False, True), "ok", "default"),
        (checks.check_place("unix:///d.sock", "it", False, False), "fail", "--network host"),
        (checks.check_place("ssh://me@far", "it", True, False), "fail", "run it there"),
        (checks.check_cores(2), "ok", "2"),
        (checks.check_cores(1), "fail", "2 are needed"),
        (checks.check_nofile(20_000, 10_300), "ok", "20,000"),
        (checks.check_nofile(4_096, 10_300), "fail", "10,300 wanted"),
        (checks.check_space("disk", 3 * 1024**3, 1024**3, "/x"), "ok", "3.0 GiB"),
        (checks.check_space("disk", 1024**2, 1024**3, "/x"), "fail", "free space on /x"),
        (checks.check_space("disk", None, 1024**3, "/x"), "warn", "on another machine, or"),
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


def engine_checks(monkeypatch: pytest.MonkeyPatch, **info: Any) -> dict[str, Check]:
    """Of an engine that has none of the lab's images yet."""
    nothing = SimpleNamespace(newest=lambda _: None)
    address = SimpleNamespace(url="unix:///x", said_by="x", elsewhere=False)
    monkeypatch.setattr(doctor, "ImageStore", lambda _: nothing)
    monkeypatch.setattr(doctor, "engine_address", lambda: address)
    monkeypatch.setattr(doctor, "found", lambda *_, **__: {"containers": []})
    monkeypatch.setattr(doctor, "holder", lambda: None)
    monkeypatch.setattr(doctor, "bridge_filter", lambda: None)
    driver = SimpleNamespace(version=lambda: VERSION, info=lambda: {**INFO, "NCPU": 2, **info})
    return {one.name: one for one in doctor._engine(cast("DockerDriver", driver))}


def test_a_folder_of_the_engine_that_the_user_may_not_see_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As with userns-remap, where /var/lib/docker is closed and the engine's folder is in it."""
    closed = tmp_path / "165536.165536"
    closed.mkdir()
    assert engine_checks(monkeypatch, DockerRootDir=str(closed))["disk of the engine"].seen != (
        "unknown"
    )
    known = os.stat

    def stat(path: Any, **how: Any) -> os.stat_result:
        if str(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(closed))
        return known(path, **how)

    monkeypatch.setattr(os, "stat", stat)
    told = engine_checks(monkeypatch, DockerRootDir=str(closed))
    monkeypatch.undo()
    assert (told["disk of the engine"].status, told["disk of the engine"].seen) == (
        "warn",
        "unknown",
    )
    assert told["cores"].status == "ok"


SNAPSHOTS = [["driver-type", "io.containerd.snapshotter.v1"]]
OF_THE_SYSTEM = {"Address": "/run/containerd/containerd.sock"}
OF_THE_ENGINE = {"Address": "/var/run/docker/containerd/containerd.sock"}


@pytest.mark.parametrize(
    ("info", "folder"),
    [
        ({"DriverStatus": [["Backing Filesystem", "extfs"]]}, ""),
        ({"DriverStatus": None, "Containerd": OF_THE_SYSTEM}, ""),
        ({"DriverStatus": SNAPSHOTS}, str(CONTAINERD)),
        ({"DriverStatus": SNAPSHOTS, "Containerd": OF_THE_SYSTEM}, str(CONTAINERD)),
        ({"DriverStatus": SNAPSHOTS, "Containerd": OF_THE_ENGINE}, "containerd/daemon"),
    ],
)
def test_the_disk_of_the_engine_is_where_its_images_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, info: dict[str, Any], folder: str
) -> None:
    """`folder` is in that of the engine, if it is not absolute."""
    asked: list[Path] = []

    def free_space(path: Path) -> int:
        asked.append(path)
        return 2**20

    monkeypatch.setattr(doctor, "free_space", free_space)
    monkeypatch.setattr(os.path, "exists", lambda _: True)
    told = engine_checks(monkeypatch, DockerRootDir=str(tmp_path), **info)
    assert asked == [tmp_path / folder]
    assert told["disk of the engine"].advice == f"free space on {tmp_path / folder}"
