"""Why nobody reached a port is said exactly, and nothing where the listeners do not show it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract.settings.trial import Settings
from experiments.docker.driver import ContainerSpec, Ended
from experiments.plan.foreign_server import Foreign
from experiments.plan.trials import Point
from experiments.probe.sock_diag import Listener
from experiments.run.unreached import advice, why_unreached, why_unreached_by
from tests.support.fakes import FakeDriver

ANY, LOCAL, OWN = "0.0.0.0", "127.0.0.1", "172.18.0.3"  # noqa: S104 - what is recognised
ON_ALL = Listener(ANY, 8000)


def point(**settings: Any) -> Point:
    return Point("s", Settings(**settings), Foreign(name="shop", image="shop:1", port=8000))


@pytest.mark.parametrize(
    ("network", "found", "told"),
    [
        ("pod", [], "it listens on no port"),
        ("pod", [Listener(ANY, 3000)], "on port 3000, not 8000: set `port: 3000`"),
        ("pod", [Listener(ANY, 80), Listener("::", 443)], "port 80 and 443, not 8000: set `port`"),
        (
            "pod",
            [Listener("::", 8000, only_ipv6=True)],
            "on [::]:8000 (IPv6 only) alone, and connections come by IPv4 to 127.0.0.1: have it "
            "listen on 0.0.0.0",
        ),
        ("pod", [Listener("::1", 8000, only_ipv6=True)], "on [::1]:8000 (IPv6 only) alone"),
        ("pod", [Listener(OWN, 8000)], "on 172.18.0.3:8000 alone, and connections come by IPv4"),
        (
            "bridge",
            [Listener(LOCAL, 8000)],
            "on 127.0.0.1:8000 alone, and connections come from another container: have it listen "
            "on 0.0.0.0, or set `network: pod`",
        ),
        ("bridge", [Listener("::1", 8000, only_ipv6=True)], "come by IPv4: have it listen on 0.0"),
    ],
)
def test_place_where_it_listens_is_told_with_what_to_do(
    network: str, found: list[Listener], told: str
) -> None:
    assert told in advice(found, point(network=network))
    assert advice([*found, ON_ALL], point(network=network)) == ""


@pytest.mark.parametrize(
    ("network", "one"),
    [
        ("pod", Listener(LOCAL, 8000)),
        ("pod", Listener("::", 8000)),
        ("pod", Listener("::ffff:127.0.0.1", 8000)),
        ("bridge", Listener(OWN, 8000)),
        ("bridge", Listener("::ffff:0.0.0.0", 8000)),
    ],
)
def test_nothing_is_told_of_one_that_can_be_reached(network: str, one: Listener) -> None:
    assert advice([one], point(network=network)) == ""


def test_container_beside_another_reaches_no_loopback() -> None:
    assert "from another container" in why_unreached([Listener(LOCAL, 5432)], 5432, "")
    assert why_unreached([ON_ALL], 8000, "") == ""


def test_listeners_are_read_where_the_probe_is() -> None:
    driver = FakeDriver(answers={"probe": Ended(0, json.dumps([[ANY, 3000, False, 0]]))})
    probe = driver.start(ContainerSpec("probe", "t-probe", "i", (), "n"))
    assert "set `port: 3000`" in why_unreached_by(driver, probe, point())
    assert driver.executed[0][0] == "python3"


def test_listeners_that_cannot_be_read_are_told_as_such() -> None:
    driver = FakeDriver(answers={"probe": Ended(1, "Traceback\nOSError: no sock_diag\n")})
    probe = driver.start(ContainerSpec("probe", "t-probe", "i", (), "n"))
    assert why_unreached_by(driver, probe, point()).endswith("Traceback | OSError: no sock_diag")
    other = driver.start(ContainerSpec("probe", "t-other", "i", (), "n"))
    assert "could not be read: nothing can be executed" in why_unreached_by(driver, other, point())
