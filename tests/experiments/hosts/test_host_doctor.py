"""What is said of several machines by what their engines say."""

from __future__ import annotations

from typing import Any

from contract.exits import Exit, LabError
from experiments.hosts.clock import Offset
from experiments.hosts.host_doctor import Seen, checks, look
from experiments.plan.hosts import Host, Hosts

HOSTS = Hosts(server=Host(docker="a"), load=[Host(docker="b"), Host(docker="c", cores=8)])


def seen(engine: str, cores: int = 8, clock: Offset | None = None, **info: Any) -> Seen:
    version = {"Version": "28.5.2", "ApiVersion": "1.51"}
    known = {"ID": engine, "NCPU": cores, "Architecture": "x86_64", "Driver": "overlay2"}
    known |= {"CgroupVersion": "2", "KernelVersion": "6.12"}
    return Seen(version, known | info, clock or Offset(0.0, 0.001))


def told(**hosts: Seen | LabError) -> dict[str, tuple[str, str]]:
    """Status and advice of each check that is not `ok`; those that are not named are well."""

    def see(host: Host, _name: str) -> Seen:
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
    assert found == {
        "load 1: machine": ("fail", "two addresses lead to one engine; name it once"),
    }


def test_images_are_of_one_architecture() -> None:
    found = told(c=seen("c", Architecture="aarch64"))
    assert found["architecture"][0] == "fail"


def test_a_clock_may_be_off_if_it_is_known_how_far() -> None:
    assert told(b=seen("b", clock=Offset(180.0, 0.002))) == {}
    (status, advice) = told(b=seen("b", clock=Offset(0.0, 0.05)))["load 1: clock"]
    assert status == "warn"
    assert "windows of 5.0 s or more" in advice


def test_an_engine_that_is_too_old() -> None:
    old = Seen({"Version": "19.03", "ApiVersion": "1.40"}, seen("a").info, Offset(0.0, 0.001))
    assert told(a=old)["server: engine"] == ("fail", "update Docker to 20.10 or newer")


def test_an_address_that_nobody_can_make_out_is_told_beside_the_others() -> None:
    first = Hosts(server=Host(docker="tcp://10.0.0.2:99999"), load=[Host(docker="b")])

    def see(host: Host, name: str) -> Seen:
        return look(host, name) if name == "server" else seen(host.docker)

    bad, *others = checks(first, see)
    assert (bad.name, bad.status) == ("server: engine", "fail")
    assert "no address of an engine: Port out of range" in bad.advice
    assert {one.status for one in others} == {"ok"}
