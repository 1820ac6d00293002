"""What is the load's goes to its host, and all that is asked of it later."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.docker.address import Address
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import ContainerSpec, DriverError
from experiments.hosts.two_engines import TwoEngines

CALLS = ("state", "address", "execute", "logs", "stop", "wait")


class Recorder:
    """In the place of a driver: what it was asked."""

    def __init__(self, name: str, *, fails: bool = False) -> None:
        self.name = name
        self.fails = fails
        self.asked: list[tuple[str, Any]] = []

    def start(self, spec: ContainerSpec) -> str:
        return f"{self.name}-{spec.name}"

    def nofile_limit(self, _: str) -> int:
        return {"near": 10_000, "far": 5_000}[self.name]

    def __getattr__(self, call: str) -> Any:
        def asked(*given: Any, **named: Any) -> Any:
            self.asked.append((call, given[0] if given else named))
            if self.fails:
                raise DriverError(f"{self.name} fails")
            return [self.name] if call == "sweep" else None

        return asked


def spec(name: str, **given: Any) -> ContainerSpec:
    asked = {"role": "tool", "image": "i", "command": (), "network": "n"}
    return ContainerSpec(**{**asked, "name": name, **given})


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """What stands behind the driver of the server's host."""
    near = Recorder("near")
    for call in ("start", "create_network", "remove", "sweep", "nofile_limit", *CALLS):
        method = getattr(near, call)

        def forwarded(_: object, *given: Any, to: Any = method, **named: Any) -> Any:
            return to(*given, **named)

        monkeypatch.setattr(DockerDriver, call, forwarded)
    return near


def both(far: Recorder) -> TwoEngines:
    address = Address("unix:///nowhere", {}, "a test")
    return TwoEngines("run", address, "nowhere", far)  # type: ignore[arg-type]


def test_each_container_is_asked_where_it_is(near: Recorder) -> None:
    far = Recorder("far")
    driver = both(far)
    server, load = driver.start(spec("server")), driver.start(spec("load", side="load"))
    assert (server, load) == ("near-server", "far-load")
    given: dict[str, tuple[Any, ...]] = {"execute": ((),), "stop": (1.0,), "wait": (1.0,)}
    for call in CALLS:
        for container in (server, load):
            getattr(driver, call)(container, *given.get(call, ()))
    assert near.asked == [(call, server) for call in CALLS]
    assert far.asked == [(call, load) for call in CALLS]
    assert driver.nofile_limit("i") == 5_000


def test_both_have_the_network_and_are_swept(near: Recorder) -> None:
    far = Recorder("far")
    driver = both(far)
    driver.create_network("net")
    assert driver.sweep() == ["near", "far"]
    assert [call for call, _ in near.asked] == [call for call, _ in far.asked]


def test_each_host_removes_its_own(near: Recorder) -> None:
    far = Recorder("far")
    driver = both(far)
    containers = [driver.start(spec("a")), driver.start(spec("b", side="load"))]
    driver.remove(containers)
    assert near.asked == [("remove", ["near-a"])]
    assert far.asked == [("remove", ["far-b"])]


def test_one_host_that_fails_does_not_keep_the_other(near: Recorder) -> None:
    far = Recorder("far", fails=True)
    driver = both(far)
    containers = [driver.start(spec("a")), driver.start(spec("b", side="load"))]
    with pytest.raises(DriverError, match="far fails"):
        driver.remove(containers)
    assert near.asked == [("remove", ["near-a"])]
    near.fails = True
    with pytest.raises(DriverError):
        driver.sweep()
    assert [call for call, _ in far.asked] == ["remove", "sweep"]
