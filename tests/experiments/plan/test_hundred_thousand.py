"""A hundred thousand connections: what they take, what is refused, what a machine cuts them to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contract.loads import WIRE
from contract.settings.conflicts import PORTS, ConflictError, check
from contract.settings.trial import Settings
from contract.spread import most_of_one, most_together
from experiments.plan.capacity import MARGIN, Limits, fit, most_connections
from experiments.plan.experiment_file import find, read
from experiments.plan.hosts import Host, Hosts
from experiments.plan.on_hosts import on_hosts
from experiments.plan.trials import (
    OPENED_AT_ONCE,
    OPENED_PER_S,
    OVERHEAD_S,
    OVERHEAD_WORKER_S,
    notes,
    plan,
)
from experiments.run.loop import descriptors

NOFILE = 20_000
EACH = NOFILE - MARGIN
SMALL = Limits(nofile=NOFILE, memory_bytes=20 * 2**30, files=2**63 - 1)
LARGE: dict[str, Any] = {
    "server": "reuseport_epoll",
    "workers": 6,
    "load_workers": 6,
    "source_addresses": 4,
    "active_connections": 60,
    "idle_connections": 100_000,
}


def test_it_fits_where_a_process_has_twenty_thousand_descriptors() -> None:
    trials = plan(read(find("hundred_thousand")), SMALL)
    assert notes(trials) == []
    assert max(trial.point.settings.idle_connections for trial in trials) == 100_000
    assert descriptors(trials) <= NOFILE


def test_its_points_differ_in_what_they_are_about_alone() -> None:
    found = [
        trial.point.settings
        for trial in plan(read(find("hundred_thousand")), SMALL)
        if trial.point.sweep != "reference"
    ]
    assert len({replace(one, idle_connections=0) for one in found}) == 1


def test_each_address_has_fewer_connections_than_half_its_ports() -> None:
    """Beyond that connect() looks at all even ports in vain."""
    settings = Settings(**LARGE)
    assert settings.ports == 25_015 < (65_535 - 10_240) // 2


@pytest.mark.parametrize(
    ("changed", "room", "why"),
    [
        ({}, most_together(EACH, 6), "the 6 workers of reuseport_epoll, and the one that gets"),
        ({"workers": 5}, most_together(EACH, 5), "the 5 workers of reuseport_epoll"),
        ({"workers": 8}, 6 * EACH, "6 load_workers may have 20,000 descriptors each"),
        ({"load_workers": 5}, 5 * EACH, "5 load_workers may have 20,000 descriptors each"),
        ({"load_workers": 1}, EACH, "a load worker may have 20,000 descriptors (load_workers are"),
        ({"workers": 1}, EACH, "a process may have 20,000 descriptors"),
        ({"workers": None}, EACH, "a process may have 20,000 descriptors"),
        ({"server": "prefork_epoll"}, EACH, "a process may have 20,000 descriptors"),
        ({"source_addresses": 1}, PORTS, "one address has ports for 55,000"),
        ({"source_addresses": 2}, 2 * PORTS, "2 source_addresses have ports for 110,000"),
    ],
)
def test_what_is_met_first_is_named(changed: dict[str, Any], room: int, why: str) -> None:
    found, told = most_connections(Settings(**{**LARGE, **changed}), SMALL)
    assert found == room
    assert why in told
    settings, note = fit({**LARGE, **changed}, SMALL)
    if room >= 100_060:
        assert (settings.idle_connections, note) == (100_000, "")
    else:
        assert settings.idle_connections == room - 60
        assert f"idle_connections: 100,000 is cut to {room - 60:,}: " in note
        assert told in note
    assert settings.descriptors <= EACH


@pytest.mark.parametrize(
    ("limits", "room", "why"),
    [
        (Limits(memory_bytes=4 * 2**30), 67_108, "4.0 GiB are free"),
        (Limits(files=100_000), 45_000, "has 100,000 files (fs.file-max)"),
        (Limits(tracked=65_536), 58_982, "tracks 65,536 connections (nf_conntrack_max)"),
        (Limits(nofile=10_000), most_together(9_700, 6), "10,000 descriptors"),
    ],
)
def test_a_smaller_machine_goes_as_far_as_it_can(limits: Limits, room: int, why: str) -> None:
    settings, note = fit({**LARGE, "idle_connections": "max"}, limits)
    assert settings.idle_connections == room - 60
    assert why in note


def test_max_goes_beyond_one_process() -> None:
    settings, _ = fit({**LARGE, "idle_connections": "max"}, Limits(nofile=NOFILE))
    assert settings.connections == most_together(EACH, 6) > 100_000
    assert most_of_one(settings.connections, 6) == settings.descriptors == EACH
    wider, _ = fit({**LARGE, "workers": 7, "idle_connections": "max"}, Limits(nofile=NOFILE))
    assert wider.connections == 6 * EACH, "there are six load workers"


@pytest.mark.parametrize("sources", [1, 2, 64])
def test_more_than_the_addresses_have_ports_is_refused(sources: int) -> None:
    most: dict[str, Any] = {"source_addresses": sources, "active_connections": 60}
    fits = check(Settings(**most, idle_connections=sources * PORTS - 60))
    assert fits.ports == PORTS
    whose = "one address has" if sources == 1 else f"{sources} source_addresses have"
    with pytest.raises(ConflictError, match=f"; {whose} ports for {sources * PORTS:,}"):
        check(Settings(**most, idle_connections=sources * PORTS - 59))


def test_bad_clients_use_the_first_address_alone() -> None:
    most: dict[str, Any] = {"source_addresses": 2, "slow_readers": 1_000, "active_connections": 8}
    fits = check(Settings(**most, idle_connections=2 * 54_000 - 8))
    assert (fits.ports, fits.connections) == (PORTS, 109_000)
    with pytest.raises(ConflictError, match="2 source_addresses have ports for 109,000"):
        check(Settings(**most, idle_connections=2 * 54_000 - 7))


@pytest.mark.parametrize("network", ["bridge", WIRE])
def test_another_path_has_one_address(network: str) -> None:
    asked: dict[str, Any] = {"network": network, "idle_connections": 1_000}
    assert check(Settings(**asked))
    with pytest.raises(ConflictError, match=f"under network {network} the load has one address"):
        check(Settings(**asked, source_addresses=2))


def test_hosts_have_one_address_each() -> None:
    hosts = Hosts(server=Host(docker="ssh://a"), load=[Host(docker="ssh://b")])
    assert on_hosts(hosts, "s", Settings()).network == WIRE
    with pytest.raises(ConflictError, match=r"sweep s: source_addresses with hosts: .* loopback"):
        on_hosts(hosts, "s", Settings(source_addresses=2))


@pytest.mark.parametrize(
    ("changed", "most"),
    [
        ({}, 17_339),
        ({"load_workers": 5}, 20_012),
        ({"workers": 5}, 20_718),
        ({"server": "epoll_level"}, 100_060),
        ({"load_workers": 1}, 100_060),
        ({"workers": None}, 100_060),
    ],
)
def test_descriptors_of_the_greediest_process(changed: dict[str, Any], most: int) -> None:
    assert Settings(**{**LARGE, **changed}).descriptors == pytest.approx(most, abs=2)


def test_opening_them_is_in_the_time_that_is_announced() -> None:
    by_idle = {
        trial.point.settings.idle_connections: trial.expected_s
        for trial in plan(read(find("hundred_thousand")), SMALL)
        if trial.point.sweep != "reference"
    }
    assert by_idle[0] == OVERHEAD_S + 5 * OVERHEAD_WORKER_S + 4.3
    assert by_idle[100_000] == pytest.approx(by_idle[0] + (100_060 - OPENED_AT_ONCE) / OPENED_PER_S)
