"""Workers that fail, end or come late, as real processes: the trial is void, and they are named."""

from __future__ import annotations

import signal

import pytest

from tests.support.crowd import Crowd, crowd, probe
from tests.support.locust_process import PATIENCE_S, WORKERS, Processes, Web, total, until
from tests.support.two_workers import VERIFICATION, measure, result, start


def test_a_worker_that_fails_ends_the_trial_for_all_and_is_named(web: Web) -> None:
    with crowd() as server:
        server.paused = True  # nobody is answered
        found, _ = measure(web, server, "t3", users=4, window_s=1, ready_s=1)
    assert "load worker" in found["reason"]
    assert "verification failed" in found["reason"]
    assert found["spoiled_by"] == "server_gone"
    assert found["window"] is None


def test_a_lost_worker_ends_the_trial_and_is_named(
    processes: tuple[Processes, Web], server: Crowd
) -> None:
    running, web = processes
    with probe(lambda: server.connections) as (address, _):
        start(web, server, users=4, trial="t4", probe=address, window_s=60)
        until(lambda: server.answers > 1_000, "the load")
        running.signal("2", signal.SIGKILL)
        found = result(web, "t4")
    assert (found["reason"], found["spoiled_by"]) == ("load worker 2 was lost", "load")
    assert found["window"] is None


def test_a_worker_that_is_ended_sends_its_counts_first(
    processes: tuple[Processes, Web], server: Crowd
) -> None:
    running, web = processes
    start(web, server, users=100)
    until(lambda: server.most == 100 and server.answers > 5_000, "the load of both workers")
    server.paused = True
    until(server.at_rest, "the last answer's arrival")
    running.signal("1", signal.SIGTERM)
    running.running["1"].wait(PATIENCE_S)
    until(
        lambda: total(web) == server.answers - VERIFICATION * WORKERS,
        "equal counts on both ends",
    )
    until(lambda: "was lost" in str(web.get("stats/requests")["errors"]), "the failure's message")


@pytest.mark.parametrize("end", [signal.SIGSTOP, signal.SIGKILL, signal.SIGCONT])
def test_trial_after_one_that_was_abandoned_is_whole(
    processes: tuple[Processes, Web], server: Crowd, end: int
) -> None:
    """SIGSTOP leaves workers that hang, SIGKILL none, SIGCONT such that go on unharmed."""
    running, web = processes
    with probe(lambda: server.connections) as (address, _):
        start(web, server, users=4, trial="t6", probe=address, window_s=60)
        until(lambda: server.answers > 1_000, "the load")
    for name in ("1", "2"):
        running.signal(name, end)
    assert web.post("c10k/ready")["state"] in ("ready", "stopped")
    assert web.workers() == 0
    for name in ("1", "2"):
        running.signal(name, signal.SIGCONT)
        running.signal(name, signal.SIGTERM)
    for name in ("3", "4"):
        running.join(name)
    until(lambda: web.workers() == WORKERS, "the new workers' arrival")
    found, _ = measure(web, server, "t7", users=6, warm_up_s=0.1, window_s=0.5)
    assert found["reason"] == ""
    names = sorted(one["name"] for one in found["workers"])
    assert names == ["load worker 3", "load worker 4"]
    assert found["gauges"]["active_established"] == 6


def test_worker_that_comes_into_a_trial_voids_it(
    processes: tuple[Processes, Web], server: Crowd
) -> None:
    running, web = processes
    with probe(lambda: server.connections) as (address, _):
        start(web, server, users=4, trial="t8", probe=address, window_s=60)
        until(lambda: server.answers > 1_000, "the load")
        running.join("late")
        found = result(web, "t8")
    assert "which is not of this trial, came into it" in found["reason"]
    assert found["spoiled_by"] == "load"
