"""The master of a run is ready before each trial, whatever the trial before did to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, cast

import pytest

from contract.exits import LabError
from experiments.docker.driver import ContainerState, DriverError, Ended
from experiments.hosts.relay import Relays
from experiments.run.locust_client import Master, MasterError
from experiments.run.master_container import MasterContainer
from experiments.run.trial_containers import Containers
from tests.support.fakes import FakeDriver, FakeImages
from tests.support.placed import placed


class Client:
    """Answers, or hangs."""

    def __init__(self) -> None:
        self.hangs = False
        self.asked: list[str] = []

    def wait_until_up(self, ending: Callable[[], str]) -> None:
        assert not ending()
        self.asked.append("up")

    def make_ready(self) -> None:
        self.asked.append("ready")
        if self.hangs:
            raise MasterError("the Locust master did not answer in time")


class MasterDriver(FakeDriver):
    """Its containers end when they are told to."""

    def __init__(self) -> None:
        super().__init__()
        self.ended: set[str] = set()

    def state(self, container: str) -> ContainerState:
        if container in self.ended:
            return ContainerState(running=False, exit_code=137, oom_killed=False)
        return super().state(container)


def started() -> tuple[MasterContainer, MasterDriver, Client]:
    driver, client = MasterDriver(), Client()
    containers = Containers(FakeImages(), placed(2), "net", 20_000, "c10k-run")
    ways = Relays(driver, [])
    master = MasterContainer(driver, containers.master(), cast(Master, client), ways)
    master.start()
    return master, driver, client


def test_a_way_that_was_lost_is_opened_anew_with_the_master() -> None:
    class Ways(Relays):
        opened: ClassVar[list[str]] = []
        why = ""

        def open(self, master: str) -> None:
            self.opened.append(master)
            self.why = ""

        def lost(self) -> str:
            return self.why

    driver, client = MasterDriver(), Client()
    containers = Containers(FakeImages(), placed(2), "net", 20_000, "c10k-run")
    ways = Ways(driver, [])
    master = MasterContainer(driver, containers.master(), cast(Master, client), ways)
    master.start()
    assert master.make_ready() == ""
    ways.why = why = "the way from load host 2 to the Locust master was lost: x"
    assert master.make_ready() == f"log of master\n(started anew: {why})\n"
    assert len(ways.opened) == 2
    assert list(driver.up) == ways.opened[1:], "the ways lead to the master that is there"


class DeafClient(Client):
    """Nobody is heard where it asks."""

    def wait_until_up(self, ending: Callable[[], str]) -> None:
        assert not ending()
        raise LabError("the Locust master does not answer at http://127.0.0.1:8089")


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        (Ended(0, ""), r"does not answer at \S+, and does in its container; .*`--network host`$"),
        (Ended(1, "ConnectionRefusedError"), r"does not answer at http://127.0.0.1:8089$"),
        (None, r"does not answer at http://127.0.0.1:8089$"),
    ],
)
def test_master_that_serves_and_is_not_reached_is_told_from_one_that_does_not_serve(
    inside: Ended | None, reason: str
) -> None:
    driver, client = MasterDriver(), DeafClient()
    if inside is not None:
        driver.answers["master"] = inside
    containers = Containers(FakeImages(), placed(2), "net", 20_000, "c10k-run")
    master = MasterContainer(driver, containers.master(), cast(Master, client), Relays(driver, []))
    with pytest.raises(LabError, match=reason):
        master.start()


def test_of_one_that_is_reached_by_a_tunnel_the_engine_s_ports_are_no_reason() -> None:
    driver = MasterDriver()
    driver.answers["master"] = Ended(0, "")
    containers = Containers(FakeImages(), placed(2), "net", 20_000, "c10k-run")
    client = cast(Master, DeafClient())
    ways = Relays(driver, [])
    master = MasterContainer(driver, containers.master(), client, ways, by_tunnel=True)
    with pytest.raises(LabError, match=r"does not answer at http://127.0.0.1:8089$"):
        master.start()


def test_master_that_answers_is_made_ready_and_stays() -> None:
    master, driver, client = started()
    assert master.make_ready() == ""
    assert client.asked == ["up", "ready"]
    assert len(driver.started) == len(driver.up) == 1
    assert master.ending() == ""


def test_master_that_ended_is_replaced_without_being_asked() -> None:
    master, driver, client = started()
    driver.ended = set(driver.up)
    assert master.ending() == "the Locust master ended with exit code 137"
    master.make_ready()
    assert client.asked == ["up", "up"]
    assert len(driver.started) == 2
    assert len(driver.up) == 1
    assert master.ending() == ""


def test_master_that_hangs_is_replaced() -> None:
    master, driver, client = started()
    client.hangs = True
    log = "log of master\n(started anew: the Locust master did not answer in time)\n"
    assert master.make_ready() == log
    assert client.asked == ["up", "ready", "up"]
    assert len(driver.started) == 2
    assert len(driver.up) == 1


def test_master_that_somebody_removed_is_replaced() -> None:
    master, driver, client = started()
    driver.up.clear()
    assert master.ending() == "the Locust master was removed from the engine"
    assert master.log() == ""
    master.make_ready()
    assert client.asked == ["up", "up"]
    assert len(driver.started) == 2
    assert len(driver.up) == 1


def test_master_that_could_not_be_replaced_is_replaced_before_the_next_trial() -> None:
    master, driver, client = started()
    client.hangs, driver.broken = True, {"master"}
    with pytest.raises(DriverError, match="no master today"):
        master.make_ready()
    driver.broken = set()
    master.make_ready()
    assert len(driver.up) == 1
    assert master.ending() == ""
