"""What is said of several machines by what their engines say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from contract.exits import Exit, LabError
from experiments.docker.address import Address
from experiments.docker.docker_driver import DockerDriver
from experiments.hosts.clock import Offset
from experiments.hosts.host_doctor import HostSeen, checks, look, refuse_unlike
from experiments.hosts.host_engines import HostEngines, LoadEngine
from experiments.plan.hosts import Host, Hosts

HOSTS = Hosts(server=Host(docker="a"), load=[Host(docker="b"), Host(docker="c", cores=8)])


def seen(engine: str, cores: int = 8, clock: Offset | None = None, **info: Any) -> HostSeen:
    version = {"Version": "28.5.2", "ApiVersion": "1.51"}
    known = {"ID": engine, "NCPU": cores, "Architecture": "x86_64", "Driver": "overlay2"}
    known |= {"CgroupVersion": "2", "KernelVersion": "6.12"}
    return HostSeen(version, known | info, clock or Offset(0.0, 0.001))


def told(**hosts: HostSeen | LabError) -> dict[str, tuple[str, str]]:
    """Status and advice of each check that is not `ok`; those that are not named are well."""

    def see(host: Host, _name: str) -> HostSeen:
        found = hosts.get(host.docker, seen(host.docker))
        if isinstance(found, LabError):
            raise found
        return found

    done = checks(HOSTS, see)
    assert len({one.name for one in done}) == len(done)
    return {one.name: (one.status, one.advice) for one in done if one.status != "ok"}


def test_machines_that_are_well() -> None:
    assert told() == {}


def test_one_that_cannot_be_reached_is_told_beside_the_others() -> None:
    lost = LabError("ssh to b ended with 255: Permission denied", Exit.NO_DOCKER)
    found = told(b=lost, c=seen("c", cores=4))
    assert found["load 1: engine"] == ("fail", "ssh to b ended with 255: Permission denied")
    assert found["load 2: cores"] == ("fail", "ask for 4 at most, or leave `cores` out")


def test_two_ways_to_one_engine() -> None:
    found = told(b=seen("a"))
    assert list(found) == ["load 1: machine"]
    status, advice = found["load 1: machine"]
    assert status == "fail"
    assert advice.startswith("two addresses lead to one engine; name it once")


@pytest.mark.parametrize("key", ["Name", "DockerRootDir"])
def test_copies_of_one_machine_are_several(key: str) -> None:
    """They have the engine's id in common."""
    copy: dict[str, Any] = {key: "of its own"}
    assert told(a=seen("a"), b=seen("a", **copy)) == {}


def of_hosts(**infos: Mapping[str, Any]) -> HostEngines:
    """A driver whose engines say this."""
    address = Address("unix:///nowhere", {}, "a test")

    class Saying(DockerDriver):
        def info(self) -> dict[str, Any]:
            return dict(infos[self.where])

    class All(HostEngines):
        def info(self) -> dict[str, Any]:
            return dict(infos["server"])

    loads = {
        name: LoadEngine(Saying("run", "o", address, name)) for name in infos if name != "server"
    }
    return All("run", address, "server", loads)


def test_hosts_that_a_run_cannot_use_together_are_told_before_it_carries_anything() -> None:
    one, two, three = (seen(engine).info for engine in "abc")
    refuse_unlike(of_hosts(server=one, load=two))
    other = {**three, "Architecture": "aarch64"}
    told = (
        r"(?s)not ready:\n  load 2: machine: the engine of server; .*\n  architecture: server x86"
    )
    with pytest.raises(LabError, match=told) as refused:
        refuse_unlike(of_hosts(server=one, **{"load 1": other, "load 2": one}))
    assert refused.value.exit is Exit.NOT_READY
    assert "use hosts of one architecture" in str(refused.value)


def test_one_machine_has_nothing_to_be_like() -> None:
    with DockerDriver("run", "o", Address("unix:///nowhere", {}, "a test")) as driver:
        refuse_unlike(driver)


def test_images_are_of_one_architecture() -> None:
    found = told(c=seen("c", Architecture="aarch64"))
    assert found["architecture"][0] == "fail"


def test_a_clock_may_be_off_if_it_is_known_how_far() -> None:
    assert told(b=seen("b", clock=Offset(180.0, 0.002))) == {}
    (status, advice) = told(b=seen("b", clock=Offset(0.0, 0.05)))["load 1: clock"]
    assert status == "warn"
    assert "windows of 5.0 s or more" in advice


def test_an_engine_that_is_too_old() -> None:
    old = HostSeen({"Version": "19.03", "ApiVersion": "1.40"}, seen("a").info, Offset(0.0, 0.001))
    assert told(a=old)["server: engine"] == ("fail", "update Docker to 20.10 or newer")


def test_an_address_that_nobody_can_make_out_is_told_beside_the_others() -> None:
    first = Hosts(server=Host(docker="tcp://10.0.0.2:99999"), load=[Host(docker="b")])

    def see(host: Host, name: str) -> HostSeen:
        return look(host, name) if name == "server" else seen(host.docker)

    bad, *others = checks(first, see)
    assert (bad.name, bad.status) == ("server: engine", "fail")
    assert "no address of an engine: Port out of range" in bad.advice
    assert {one.status for one in others} == {"ok"}
