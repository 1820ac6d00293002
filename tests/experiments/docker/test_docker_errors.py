"""What the engine's client raises becomes the lab's own errors."""

from __future__ import annotations

from typing import Any

import docker
import pytest
import requests
import urllib3

from contract.exits import Exit, LabError
from experiments.docker.driver import DriverError
from experiments.docker.engine import sdk_errors_told
from experiments.docker.messages import explain

LATE: Any = urllib3.exceptions.ReadTimeoutError(None, "/wait", "Read timed out.")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error", [requests.exceptions.ReadTimeout("late"), requests.ConnectionError(LATE), LATE]
)
def test_an_answer_that_does_not_come_in_time_is_no_missing_engine(error: Exception) -> None:
    with (
        pytest.raises(DriverError, match="waiting: the engine did not answer in time"),
        sdk_errors_told("waiting"),
    ):
        raise error


def test_an_engine_that_is_gone_is_told() -> None:
    with pytest.raises(LabError) as caught, sdk_errors_told("waiting"):
        raise requests.ConnectionError("connection refused")
    assert caught.value.exit is Exit.NO_DOCKER


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        ("unable to find user shop: no matching entries in passwd file", "`user` takes numbers"),
        ("invalid mount config: bind source path does not exist: /x", "that sees this checkout"),
        ('exec: "srve": executable file not found in $PATH', "which `command` and `entrypoint` of"),
        ("exec format error", "the engine refused"),
        ("pull access denied for shop, repository does not exist", "registry has no such image"),
        ("No such image: c10k-lab/server:1", "`make experiment` builds it"),
        ("unable to find the time", "the engine refused"),
    ],
)
def test_what_an_entry_asks_for_in_vain_is_told_with_its_key(answer: str, advice: str) -> None:
    assert advice in explain("starting container x", answer)


@pytest.mark.parametrize(
    "at",
    [
        "write /sys/fs/cgroup/cpuset/docker/ab/cgroup.procs",
        "mkdir /sys/fs/cgroup/memory/docker/ab",
        "mkdir /sys/fs/cgroup/system.slice/docker-ab.scope",
    ],
)
def test_a_control_group_without_room_is_no_full_disk(at: str) -> None:
    answer = f"OCI runtime create failed: {at}: no space left on device"
    told = explain("starting container x", answer)
    assert "a control group of the engine has no cores" in told
    assert "disk is full" not in told


@pytest.mark.parametrize("at", ["write /x", "mkdir /var/lib/docker/a/sys/fs/cgroup", "write a"])
def test_a_full_disk_is_no_control_group(at: str) -> None:
    told = explain("starting container x", f"{at}: no space left on device")
    assert "disk is full" in told
    assert "control group" not in told


BOUND = "Bind for 198.18.0.1:8080 failed: port is already allocated"
FAR = "ssh://lab@a (the server's host)"


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("", "starting container x: port 8080 is taken on this machine; stop what"),
        (FAR, f"{FAR}: starting container x: port 8080 is taken on that machine; stop what"),
    ],
)
def test_a_port_is_taken_on_the_machine_of_the_engine(where: str, told: str) -> None:
    with pytest.raises(DriverError) as caught, sdk_errors_told("starting container x", where):
        raise docker.errors.APIError(BOUND, explanation=BOUND)
    assert str(caught.value).startswith(told)


def test_what_another_engine_keeps_is_removed_with_its_hosts() -> None:
    answer = "Conflict. The container name /x is already in use"
    assert "`make clean HOSTS=hosts.yaml` removes" in explain("creating container x", answer, FAR)
    assert "`make clean` removes" in explain("creating container x", answer)


def test_an_engine_of_another_machine_that_is_slow_is_named() -> None:
    with pytest.raises(DriverError) as caught, sdk_errors_told("waiting", FAR):
        raise requests.exceptions.ReadTimeout("late")
    assert str(caught.value).startswith(f"{FAR}: waiting: the engine did not answer in time")
