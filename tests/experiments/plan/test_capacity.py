"""Axes reach as far as the machine lets them, and no further."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from contract.exits import LabError
from contract.settings.conflicts import PORTS
from contract.settings.trial import Settings
from experiments.plan.axes import Axes, PartialSettings
from experiments.plan.capacity import MARGIN, Limits, fit, limits_of, most_connections
from experiments.plan.experiment_file import find
from experiments.plan.overrides import read_source
from experiments.plan.schema import Experiment
from experiments.plan.trials import notes, plan, points
from experiments.records.recorded_limits import recorded_limits
from experiments.records.run_folder import Store
from experiments.run.loop import descriptors

SMALL = Limits(nofile=20_000)
FREE = Limits(memory_bytes=2**30, pids=5_000, max_map_count=6_000)


def experiment(axes: dict[str, Any]) -> Experiment:
    fixed = {} if "active_connections" in axes else {"active_connections": 8}
    sweep = {"name": "s", "axes": axes, "settings": fixed}
    return Experiment.model_validate({"question": "?", "sweeps": [sweep]})


def test_max_is_what_the_machine_grants() -> None:
    trials = plan(experiment({"idle_connections": [0, 1_000, "max"]}), SMALL)
    idle = {trial.point.settings.idle_connections for trial in trials}
    assert idle == {0, 1_000, 20_000 - MARGIN - 8}
    assert descriptors(trials) == 20_000
    assert notes(trials) == [
        "idle_connections: max is 19,692: a process may have 20,000 descriptors"
    ]


def test_what_is_beyond_the_machine_is_cut_to_it_once() -> None:
    trials = plan(experiment({"idle_connections": [100, 20_000, 30_000]}), SMALL)
    idle = {trial.point.settings.idle_connections for trial in trials}
    assert idle == {0, 100, 19_692}, "that of the reference, and two that were asked for"
    assert len(points(experiment({"idle_connections": [20_000, 30_000]}), SMALL)) == 1
    assert notes(trials)[0].startswith("idle_connections: ")
    assert " is cut to 19,692: a process may have 20,000 descriptors" in notes(trials)[0]


def test_what_fits_is_left_as_it_is() -> None:
    asked = experiment({"idle_connections": [0, 10_000]})
    assert plan(asked, SMALL) == plan(asked)
    assert notes(plan(asked, SMALL)) == []


def test_a_resumed_run_has_the_same_plan_from_the_same_limits() -> None:
    asked = experiment({"idle_connections": ["max"]})
    assert [t.id for t in plan(asked, SMALL)] == [t.id for t in plan(asked, Limits(nofile=20_000))]
    assert [t.id for t in plan(asked, SMALL)] != [t.id for t in plan(asked, Limits(nofile=9_000))]


def test_the_manifest_keeps_the_limits(tmp_path: Path) -> None:
    """Through JSON and back; a run of an earlier version has none."""
    store = Store.create(tmp_path, read_source(find("smoke"), "smoke"), "run-1")
    store.write_manifest({"limits": asdict(SMALL)})
    assert recorded_limits(store) == SMALL
    store.write_manifest({})
    assert recorded_limits(store) == Limits()


def test_unknown_limits_leave_the_ports() -> None:
    settings, note = fit({"idle_connections": "max", "slow_readers": 10}, Limits())
    assert settings.idle_connections == PORTS - 64 - 10
    assert "one address has ports for 55,000" in note
    assert fit({"idle_connections": 60_000}, Limits())[0].descriptors == PORTS


def test_active_connections_are_cut_when_no_idle_ones_are_left() -> None:
    settings, note = fit({"active_connections": 25_000, "idle_connections": 500}, SMALL)
    assert (settings.active_connections, settings.idle_connections) == (19_700, 0)
    assert "idle_connections: 500 is cut to 0" in note
    assert "active_connections: 25,000 is cut to 19,700" in note
    settings, note = fit({"active_connections": "max"}, SMALL)
    assert settings.active_connections == 19_700


@pytest.mark.parametrize(
    ("server", "room", "why"),
    [
        ("epoll_level", 2**29 // 32_000, "1.0 GiB are free, and epoll_level may take 32 kB"),
        ("thread_per_connection", (6_000 - MARGIN) // 2, "6,000 mappings"),
        ("process_per_connection", 2**29 // 1_500_000, "1,500 kB for each"),
    ],
)
def test_the_limit_that_is_met_first_is_named(server: str, room: int, why: str) -> None:
    assert most_connections(Settings(server=server), FREE)[0] == room
    assert why in most_connections(Settings(server=server), FREE)[1]


def test_a_bridge_is_limited_by_the_connections_that_the_kernel_tracks() -> None:
    few = Limits(tracked=8_000)
    settings, note = fit({"idle_connections": 9_000, "network": "bridge"}, few)
    assert settings.idle_connections == 7_200 - 64
    assert "the engine's kernel tracks 8,000 connections (nf_conntrack_max)" in note
    assert fit({"idle_connections": 9_000}, few)[0].idle_connections == 9_000


@pytest.mark.parametrize(("filtered", "tracked"), [("1", 8_000), ("0", None), (None, None)])
def test_a_bridge_is_tracked_where_its_packets_pass_the_rules(
    filtered: str | None, tracked: int | None
) -> None:
    sysctls = {
        "net/netfilter/nf_conntrack_max": "8000",
        "net/bridge/bridge-nf-call-iptables": filtered,
    }
    assert limits_of({"sysctls": sysctls}, 20_000, 32_768).tracked == tracked


def test_processes_are_limited_where_each_connection_has_one() -> None:
    few = Limits(pids=1_000)
    assert most_connections(Settings(server="process_per_connection"), few)[0] == 700
    assert most_connections(Settings(), few)[0] == PORTS


def test_the_limits_of_a_machine() -> None:
    sysctls = {"kernel/pid_max": "4194304", "kernel/threads-max": "900", "vm/max_map_count": None}
    machine = {"sysctls": sysctls, "memory_available_bytes": 5}
    assert limits_of(machine, 20_000, 32_768) == Limits(20_000, 5, 900, None)
    sysctls["fs/file-max"] = "7"
    assert limits_of(machine, 20_000, 32_768) == Limits(20_000, 5, 900, None, files=7)


def test_watched_descriptors_are_cut_as_well() -> None:
    ring = {"load": "token_ring", "watched": 16_000}
    settings, note = fit(ring, SMALL)
    assert settings.watched == 9_850
    assert note == "watched: 16,000 is cut to 9,850: a process may have 20,000 descriptors"
    assert fit({**ring, "watched": 8_000}, SMALL)[1] == ""


def test_max_is_for_axes_of_connections_alone() -> None:
    with pytest.raises(ValidationError):
        PartialSettings.model_validate({"idle_connections": "max"})
    with pytest.raises(ValidationError):
        Axes.model_validate({"backlog": ["max"]})
    with pytest.raises(ValidationError, match="cannot both be max"):
        experiment({"idle_connections": ["max"], "active_connections": [1, "max"]})


def test_a_fault_in_such_an_axis_is_told_once() -> None:
    with pytest.raises(ValidationError) as caught:
        Axes.model_validate({"idle_connections": [0, -5, "many"]})
    assert [error["loc"][:2] for error in caught.value.errors()] == [
        ("idle_connections", 1),
        ("idle_connections", 2),
    ]


def test_what_does_not_go_together_any_more_is_told() -> None:
    sweep = {
        "name": "s",
        "axes": {"active_connections": [25_000]},
        "settings": {"idle_connections": 500, "churn_per_s": 0.1},
    }
    asked = Experiment.model_validate({"question": "?", "sweeps": [sweep]})
    assert points(asked)
    with pytest.raises(LabError, match=r"sweep s: cut to what this machine grants.*churn_per_s"):
        points(asked, SMALL)
