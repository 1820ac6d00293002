"""A container is gone when its removal returns, whoever removes it."""

from __future__ import annotations

from typing import Any

import docker
import pytest
import requests

from experiments.docker import removal
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import DriverError


def refusal(status: int, message: str) -> docker.errors.APIError:
    response = requests.Response()
    response.status_code = status
    error = docker.errors.NotFound if status == 404 else docker.errors.APIError
    return error(message, response, message)


class Engine:
    """Another call removes the container, which is still there for so many looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def remove_container(self, container: str, **_: Any) -> None:
        raise refusal(409, f"removal of container {container} is already in progress")

    def inspect_container(self, container: str) -> dict[str, Any]:
        if not self.looks:
            raise refusal(404, f"No such container: {container}")
        self.looks -= 1
        return {"State": {}}


def driver_of(engine: Engine) -> DockerDriver:
    driver = DockerDriver("run", "owner")
    driver._local.client = engine
    return driver


def test_one_that_is_being_removed_is_waited_for() -> None:
    engine = Engine(looks=3)
    driver_of(engine).remove(["c1"])
    assert engine.looks == 0


def test_one_that_stays_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "REMOVAL_S", 0.1)
    with pytest.raises(DriverError, match=r"container c1 is still being removed after 0 s"):
        driver_of(Engine(looks=1_000)).remove(["c1"])
