"""The containers of a trial whose load is on another machine."""

from __future__ import annotations

from dataclasses import replace

from contract.ports import PROBE_PORT, SERVER_PORT
from contract.probe_question import KEY
from experiments.docker.container_options import host_settings, settings
from experiments.machine.cores import Core, place_apart
from experiments.plan.foreign_server import Foreign
from experiments.plan.trials import Trial
from experiments.run.load_form import load_form
from experiments.run.server_under_test import server_under_test
from experiments.run.trial_containers import Containers
from tests.support.fakes import FakeImages, some_trials

ADDRESS = "198.18.0.1"


def over_the_wire(trial: Trial) -> Trial:
    wired = replace(trial.point.settings, network="wire")
    return replace(trial, point=replace(trial.point, settings=wired))


def test_each_side_has_its_host_and_the_load_finds_the_server() -> None:
    cores = place_apart([Core(one) for one in range(2)], [Core(one) for one in range(4)])
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


def test_a_server_may_have_the_probe_s_number_by_tcp() -> None:
    cores = place_apart([Core(0), Core(1)], [Core(0), Core(1)])
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
    cores = place_apart([Core(0), Core(1)], [Core(0), Core(1)])
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
