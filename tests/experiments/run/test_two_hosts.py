"""The containers of a trial whose load is on other machines."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from contract.ports import PROBE_PORT, SERVER_PORT, WEB_PORT
from contract.probe_question import KEY
from contract.result.trial_result import TrialResult
from experiments.docker.container_options import host_settings, settings
from experiments.hosts.sides import loading
from experiments.machine.cores import Core, Placement, place_apart
from experiments.plan.foreign_server import Foreign
from experiments.plan.trials import Trial
from experiments.records.outcome import Outcome
from experiments.run.load_form import load_form
from experiments.run.master_container import MasterContainer
from experiments.run.server_under_test import server_under_test
from experiments.run.trial import TrialRunner
from experiments.run.trial_containers import Containers
from experiments.run.trial_environment import relays
from tests.support.fakes import FakeDriver, FakeImages, FakeMaster, some_trials
from tests.support.placed import placed
from tests.support.results import a_result

ADDRESS = "198.18.0.1"
WAY = "the way from load host 2 to the Locust master was lost: its program ended"
GONE = "load worker 2 was lost"


def placement(*cores: int) -> Placement:
    """A server's host of two cores, and hosts that load with so many."""
    names = loading(len(cores))
    loads = {side: (each(n), None) for side, n in zip(names, cores, strict=True)}
    return place_apart(each(2), loads)


def each(number: int) -> list[Core]:
    return [Core(one) for one in range(number)]


def over_the_wire(trial: Trial, workers: int = 1) -> Trial:
    wired = replace(trial.point.settings, network="wire", load_workers=workers)
    return replace(trial, point=replace(trial.point, settings=wired))


def test_each_side_has_its_host_and_the_load_finds_the_server() -> None:
    cores = placement(4)
    made = Containers(FakeImages(), cores, "net", 20_000, "c10k-run", address=ADDRESS)
    trial = over_the_wire(some_trials()[0])
    pod, client = made.pod(trial, "pod"), made.pod(trial, "client")
    ours = [pod, made.server(trial, "p"), made.probe(trial, "p", "s")]
    theirs = [client, made.master(), *made.loads(trial, "c").values()]
    assert {one.side for one in ours} == {"server"}
    assert {one.side for one in theirs} == {"load"}
    assert pod.publish == {SERVER_PORT: SERVER_PORT}
    assert (pod.publish_at, pod.publish_udp) == (ADDRESS, (PROBE_PORT,))
    assert not client.publish
    assert client.hosts == {"server": ADDRESS}
    assert client.cpus == "2"
    form = load_form(trial, server_under_test(trial, FakeImages(), {}))
    assert form["host"] == f"http://server:{SERVER_PORT}"
    assert form["probe"] == f"server:{PROBE_PORT}"
    assert form["probe_clock"] == "other"


def test_each_load_worker_is_on_its_host_with_a_pod_there() -> None:
    made = Containers(FakeImages(), placement(2, 4), "net", 20_000, "c10k-run", address=ADDRESS)
    trial = over_the_wire(some_trials()[0], workers=4)
    clients = made.clients(trial)
    assert {name: one.side for name, one in clients.items()} == {
        "client": "load 1",
        "client-2": "load 2",
    }
    assert {one.hosts["server"] for one in clients.values()} == {ADDRESS}
    assert [one.cpus for one in clients.values()] == ["1", "2"]
    loads = made.loads(trial, "one", "two")
    assert [(one.side, one.network, one.cpus) for one in loads.values()] == [
        ("load 1", "container:one", "0"),
        ("load 2", "container:two", "0"),
        ("load 1", "container:one", "1"),
        ("load 2", "container:two", "3"),
    ]
    assert made.master().side == made.habits(trial, "one").side == "load 1"
    assert not made.master().publish.keys() - {WEB_PORT}, "nobody else is to reach it"
    (relay,) = relays(made)
    assert (relay.side, relay.aliases, relay.publish) == ("load 2", ("master",), {})


def test_one_load_worker_is_on_the_first_host_alone() -> None:
    made = Containers(FakeImages(), placement(2, 4), "net", 20_000, "c10k-run", address=ADDRESS)
    trial = over_the_wire(some_trials()[0])
    (client,), (load,) = made.clients(trial).values(), made.loads(trial, "one").values()
    assert client.side == load.side == "load 1"


def test_on_one_machine_there_is_no_relay() -> None:
    cores = placed(4)
    made = Containers(FakeImages(), cores, "net", 20_000, "c10k-run")
    assert relays(made) == []
    assert made.clients(some_trials()[0]) == {}


def conducted(driver: FakeDriver, master: FakeMaster) -> Outcome:
    """A trial with two workers, each on a host of its own."""
    made = Containers(FakeImages(), placement(2, 4), "net", 20_000, "c10k-run", address=ADDRESS)
    runner = TrialRunner(driver, cast(MasterContainer, master), made)
    outcome = runner.run(over_the_wire(some_trials()[0], workers=2))
    runner.settle()
    assert not driver.up
    return outcome


def test_each_load_worker_joins_the_pod_of_its_host() -> None:
    driver = FakeDriver()
    outcome = conducted(driver, FakeMaster())
    assert outcome.reason == ""
    joined = {
        (one.side, one.network.partition("-t001-")[2].partition("#")[0])
        for one in driver.started
        if one.role == "load"
    }
    assert joined == {("load 1", "client"), ("load 2", "client-2")}


@pytest.mark.parametrize(
    ("dead", "lost", "told", "spoiled_by"),
    [
        ({"client-2"}, "", "the trial's client-2 ended with exit code 9; ", "surroundings"),
        ({"client"}, WAY, "the trial's client ended with exit code 9; ", "surroundings"),
        (set(), WAY, f"{WAY}; ", "surroundings"),
        (set(), "", "", "load"),
    ],
)
def test_what_took_the_way_to_the_master_along_is_told(
    dead: set[str], lost: str, told: str, spoiled_by: str
) -> None:
    class Failing(FakeMaster):
        def result(self, trial: str) -> TrialResult:
            return a_result(trial=trial, window=None, reason=GONE, spoiled_by="load")

    outcome = conducted(FakeDriver(dead=dead), Failing(lost=lost))
    failed = outcome.reason or (outcome.result and outcome.result.reason)
    assert failed == f"{told}{GONE}"
    assert isinstance(outcome.result, TrialResult)
    assert (outcome.spoiled_by or outcome.result.spoiled_by) == spoiled_by


def test_a_way_that_is_lost_is_no_fault_of_a_trial_that_has_its_result() -> None:
    assert conducted(FakeDriver(), FakeMaster(lost=WAY)).reason == ""


def test_a_server_may_have_the_probe_s_number_by_tcp() -> None:
    cores = placement(2)
    made = Containers(
        FakeImages(), cores, "net", 20_000, "c10k-run", {"shop": "i"}, address=ADDRESS
    )
    trial = over_the_wire(some_trials()[0])
    foreign = Foreign(name="shop", image="shop:1", port=PROBE_PORT)
    pod = made.pod(replace(trial, point=replace(trial.point, foreign=foreign)), "pod")
    place = (ADDRESS, PROBE_PORT)
    assert host_settings(pod)["port_bindings"] == {"8079/tcp": place, "8079/udp": place}
    assert settings(pod)["ports"] == [(PROBE_PORT, "tcp"), (PROBE_PORT, "udp")]


def test_the_probe_and_who_asks_it_share_a_key_of_the_trial() -> None:
    cores = placement(2)
    made, other = (
        Containers(FakeImages(), cores, "net", 20_000, "c10k-run", address=ADDRESS)
        for _ in range(2)
    )
    first, second = map(over_the_wire, some_trials()[:2])
    key = made.probe(first, "p", "s").environment[KEY]
    for asker in (*made.loads(first, "c").values(), made.watch(first, "p")):
        assert asker.environment[KEY] == key
    for stranger in (made.pod(first, "pod"), made.server(first, "p"), made.master()):
        assert KEY not in stranger.environment
    others = made.probe(second, "p", "s"), other.probe(first, "p", "s")
    assert len({key, *(one.environment[KEY] for one in others)}) == 3
    assert key not in repr(made)
