"""What is for a host that loads goes to it, and all that is asked of it later."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.docker.address import Address
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import ContainerSpec, DriverError
from experiments.hosts.host_engines import HostEngines, LoadEngine

CALLS = ("state", "address", "execute", "talk_to", "logs", "stop", "wait")


class Recorder:
    """In the place of a driver: what it was asked."""

    def __init__(self, name: str, *, fails: bool = False) -> None:
        self.name = name
        self.fails = fails
        self.asked: list[tuple[str, Any]] = []

    def start(self, spec: ContainerSpec) -> str:
        return f"{self.name}-{spec.name}"

    def nofile_limit(self, _: str) -> int:
        return {"near": 10_000, "far": 5_000, "further": 7_000}[self.name]

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


def all_of(**loads: Recorder) -> HostEngines:
    address = Address("unix:///nowhere", {}, "a test")
    engines: Any = {side: LoadEngine(one) for side, one in loads.items()}  # type: ignore[arg-type]
    return HostEngines("run", address, "nowhere", engines)


def test_each_container_is_asked_where_it_is(near: Recorder) -> None:
    far, further = Recorder("far"), Recorder("further")
    driver = all_of(one=far, two=further)
    asked = [spec("server"), spec("load", side="one"), spec("load", side="two")]
    found = [driver.start(one) for one in asked]
    assert found == ["near-server", "far-load", "further-load"]
    given: dict[str, tuple[Any, ...]] = {"stop": (1.0,), "wait": (1.0,)}
    given |= {"execute": ((),), "talk_to": ((),)}
    for call in CALLS:
        for container in found:
            getattr(driver, call)(container, *given.get(call, ()))
    for host, container in zip((near, far, further), found, strict=True):
        assert host.asked == [(call, container) for call in CALLS]
    assert driver.nofile_limit("i") == 5_000


def test_all_have_the_network_and_are_swept(near: Recorder) -> None:
    far, further = Recorder("far"), Recorder("further")
    driver = all_of(one=far, two=further)
    driver.create_network("net")
    assert driver.sweep() == ["near", "far", "further"]
    for host in (near, far, further):
        assert [call for call, _ in host.asked] == ["create_network", "sweep"]


def test_each_host_removes_its_own(near: Recorder) -> None:
    far, further = Recorder("far"), Recorder("further")
    driver = all_of(one=far, two=further)
    asked = [spec("a"), spec("b", side="one"), spec("c", side="two")]
    driver.remove([driver.start(one) for one in asked])
    assert near.asked == [("remove", ["near-a"])]
    assert far.asked == [("remove", ["far-b"])]
    assert further.asked == [("remove", ["further-c"])]


def test_one_host_that_fails_does_not_keep_the_others(near: Recorder) -> None:
    far, further = Recorder("far", fails=True), Recorder("further")
    driver = all_of(one=far, two=further)
    asked = [spec("a"), spec("b", side="one"), spec("c", side="two")]
    containers = [driver.start(one) for one in asked]
    with pytest.raises(DriverError, match="far fails"):
        driver.remove(containers)
    assert near.asked == [("remove", ["near-a"])]
    near.fails = True
    with pytest.raises(DriverError):
        driver.sweep()
    for host in (far, further):
        assert [call for call, _ in host.asked] == ["remove", "sweep"]
