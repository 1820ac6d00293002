"""The trials of a check-up depend on those before them, and on nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.checkup.description import (
    ALL_ASKED,
    BEYOND,
    CHECK_UP,
    CLIENTS,
    COST,
    COSTS,
    DEPLOY,
    FLOOD,
    HABITS,
    HOLDS,
    HOSTILE,
    LEAK,
    READERS,
    START,
)
from contract.exits import LabError
from experiments.checkup.questions import check_up_of
from experiments.checkup.search import MOST
from experiments.plan.capacity import Limits
from experiments.run.until_decided import is_complete
from tests.support.simulated_run import PLANNED, SimulatedRun, simulated_pair, simulated_run
from tests.support.simulated_server import SimulatedServer


def test_each_server_is_searched_then_asked_at_shares_of_what_it_holds(tmp_path: Path) -> None:
    run = simulated_run(tmp_path, SimulatedServer(2_000))
    run.go_on()
    sweeps = [one.point.sweep for one in run.measured if one.point.settings.server == "poll"]
    tried = sweeps.count(HOLDS)
    assert tried <= MOST
    assert set(sweeps[:4]) == set(PLANNED)
    bad = (CLIENTS, READERS, HOSTILE, FLOOD)
    rest = [*[COST] * len(COSTS), BEYOND, *bad, DEPLOY, START, LEAK, HABITS]
    assert sweeps[4:] == [*[HOLDS] * tried, *rest]
    rates = [
        one.point.settings.rate_per_s
        for one in run.measured
        if one.point.settings.server == "poll" and one.point.sweep in (COST, BEYOND)
    ]
    assert rates == pytest.approx([20, 200, 1_000, 1_800, 1_000], rel=0.05)
    surge = next(one.point.settings for one in run.measured if one.point.sweep == BEYOND)
    assert surge.surge_per_s == pytest.approx(3_000, rel=0.05)
    told = next(one.point.settings for one in run.measured if one.point.sweep == DEPLOY)
    assert told.rate_per_s == pytest.approx(1_000, rel=0.05)
    assert (told.load, told.stop_s) == ("open_loop", 3)
    start = next(one.point.settings for one in run.measured if one.point.sweep == START)
    assert (start.load, start.start_watched, start.warm_up_s) == ("keep_alive", True, 0)
    assert any(line.startswith("poll holds ") for line in run.said)


def test_no_two_trials_have_one_name(tmp_path: Path) -> None:
    run = simulated_run(tmp_path, SimulatedServer(2_000, noise=0.03))
    run.go_on()
    names = [one.id for one in run.measured]
    assert len(set(names)) == len(names)
    assert [one.position for one in run.measured[8:]] == list(range(9, len(names) + 1))
    assert run.store.manifest()["trials"] == len(names)


@pytest.mark.parametrize("stops_at", [3, 9, 10, 14, 20, 25])
def test_one_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path: Path, stops_at: int) -> None:
    whole = simulated_run(tmp_path / "whole", SimulatedServer(2_000))
    whole.go_on()
    run = simulated_run(tmp_path / "parts", SimulatedServer(2_000))
    run.stops_at = stops_at
    with pytest.raises(LabError, match="stopped"):
        run.go_on()
    experiment = run.choice.source.experiment
    assert not is_complete(run.store, experiment, Limits())
    run.stops_at = 0
    run.go_on()
    assert [one.id for one in run.measured] == [one.id for one in whole.measured]
    assert ALL_ASKED in run.store.manifest()
    assert is_complete(run.store, experiment, Limits())
    run.go_on()
    assert len(run.measured) == len(whole.measured), "nothing is measured twice"


def test_a_server_that_keeps_no_connection_is_asked_with_one_for_each_request(
    tmp_path: Path,
) -> None:
    run = simulated_run(tmp_path, SimulatedServer(2_000, stays=False))
    run.go_on()
    loads = {
        one.point.settings.load
        for one in run.measured
        if one.point.settings.server == "poll" and one.point.sweep not in (*PLANNED, HABITS)
    }
    assert loads == {"open_connections", "connection_per_request"}


def test_one_that_serves_nobody_is_asked_nothing_more(tmp_path: Path) -> None:
    run = simulated_run(tmp_path, SimulatedServer(0.0))
    run.go_on()
    asked = {one.point.sweep for one in run.measured if one.point.settings.server == "poll"}
    assert asked == set(PLANNED)
    assert any("poll: it served nobody" in line for line in run.said)
    assert ALL_ASKED in run.store.manifest()


def test_a_run_whose_rules_cannot_be_read_is_refused_with_what_to_do(tmp_path: Path) -> None:
    run = simulated_run(tmp_path, SimulatedServer(2_000))
    manifest = run.store.manifest()
    manifest[CHECK_UP]["rules"] |= {"crowd": "many"}
    run.store.write_manifest(manifest)
    with pytest.raises(LabError, match=r"crowd: 'many'.*start a new check-up"):
        check_up_of(run.store)
    assert check_up_of(simulated_run(tmp_path / "other", SimulatedServer()).store)


def the_pair(folder: Path) -> SimulatedRun:
    return simulated_pair(folder, SimulatedServer(2_000), SimulatedServer(2_500))


def test_two_that_are_compared_are_asked_by_turns_with_one_load(tmp_path: Path) -> None:
    run = the_pair(tmp_path)
    run.go_on()
    after = [one for one in run.measured if one.point.sweep not in (*PLANNED, HOLDS)]
    pairs = list(zip(after[::2], after[1::2], strict=True))
    for one, other in pairs:
        mine, theirs = one.point.settings, other.point.settings
        assert {mine.server, theirs.server} == {"poll", "epoll_level"}
        assert (one.point.sweep, one.block) == (other.point.sweep, other.block)
        if one.point.sweep != LEAK:
            assert (mine.rate_per_s, mine.surge_per_s) == (theirs.rate_per_s, theirs.surge_per_s)
    first = [one.point.settings.server for one, _ in pairs]
    assert first.count("poll") == pytest.approx(len(first) / 2, abs=1)
    assert [one.block for one in after] == sorted(one.block for one in after)
    costs = [one.point.settings.rate_per_s for one, _ in pairs if one.point.sweep == COST]
    assert costs[:4] == pytest.approx([20, 200, 1_000, 1_800], rel=0.05), "of the slower one's rate"
    surges = {one.point.settings.surge_per_s for one, _ in pairs if one.point.sweep == BEYOND}
    assert [*surges] == [pytest.approx(3_750, rel=0.05)], "beyond what the faster one holds"
    searched = [one.point.settings.server for one in run.measured if one.point.sweep == HOLDS]
    assert set(searched[:2]) == set(searched[2:4]) == {"poll", "epoll_level"}


@pytest.mark.parametrize("stops_at", [7, 42, 45, 60, 75, 100])
def test_a_comparison_that_was_stopped_goes_on_as_if_it_had_not_been(
    tmp_path: Path, stops_at: int
) -> None:
    whole, run = the_pair(tmp_path / "whole"), the_pair(tmp_path / "parts")
    whole.go_on()
    run.stops_at = stops_at
    with pytest.raises(LabError, match="stopped"):
        run.go_on()
    run.stops_at = 0
    run.go_on()
    assert [one.id for one in run.measured] == [one.id for one in whole.measured]
    assert is_complete(run.store, run.choice.source.experiment, Limits())


def test_where_one_of_two_serves_nobody_the_other_is_asked_alone(tmp_path: Path) -> None:
    run = simulated_pair(tmp_path, SimulatedServer(2_000), SimulatedServer(0.0))
    run.go_on()
    asked = {one.point.settings.server for one in run.measured if one.point.sweep not in PLANNED}
    assert asked == {"epoll_level"}
    assert ALL_ASKED in run.store.manifest()
