"""A driver with an owner of its own, so that a test's sweep cannot reach a real run."""

from __future__ import annotations

import os
import sys
import uuid
from typing import TYPE_CHECKING

import docker
import pytest

from contract.exits import LabError
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import ContainerSpec
from experiments.images.build import Images
from experiments.machine import rest
from experiments.records import attempts
from experiments.run import session
from tests.support.images import images_of
from tests.support.strangers import Strangers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Start = Callable[..., str]

SLEEP = ("python3", "-c", "import signal; signal.pause()")


@pytest.fixture(autouse=True)
def cores() -> Iterator[None]:
    """A run keeps off the server's core; what comes after it may use all again."""
    if sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    yield
    os.sched_setaffinity(0, before)


@pytest.fixture(autouse=True)
def not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine, which other tests use too, is not waited for: only what the load or the probe
    spoiled is measured again."""
    monkeypatch.setattr(attempts, "MEASURED_AGAIN", ("load", "probe"))
    monkeypatch.setattr(rest, "BUSY", 1.0)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs of the test leave their records."""
    monkeypatch.setattr(session, "RESULTS", tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def engine() -> Iterator[DockerDriver]:
    """The engine as this checkout's owner; without one the test is skipped, and says so."""
    with DockerDriver() as driver:
        try:
            driver.version()
        except LabError as error:
            pytest.skip(f"needs Docker. {error}")
        yield driver


@pytest.fixture(scope="session")
def images(engine: DockerDriver) -> Images:
    return images_of(engine)


@pytest.fixture
def driver(engine: DockerDriver, request: pytest.FixtureRequest) -> Iterator[DockerDriver]:
    """Everything that it made is gone after the test. Tests that take no lock run beside the
    others, so they have an owner of their own."""
    assert engine.owner
    row = "lockless" if request.node.get_closest_marker("lockless") else "test"
    with DockerDriver(run="a-test", owner=f"{engine.owner}-{row}") as made:
        made.remove_all()  # what a killed test left
        yield made
        made.remove_all()


@pytest.fixture
def start(driver: DockerDriver, images: Images) -> Start:
    """Start a container of the server image; keywords are those of ContainerSpec."""

    def starter(**settings: object) -> str:
        given = {
            "role": "tool",
            "name": f"c10k-test-{uuid.uuid4().hex[:8]}",
            "image": images.server,
            "command": SLEEP,
            "network": "none",
        }
        return driver.start(ContainerSpec(**{**given, **settings}))  # type: ignore[arg-type]

    return starter


@pytest.fixture
def raw() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture
def strangers(raw: docker.DockerClient, driver: DockerDriver) -> Iterator[Strangers]:
    made = Strangers(raw, driver.owner)
    made.sweep()
    yield made
    made.leave()
