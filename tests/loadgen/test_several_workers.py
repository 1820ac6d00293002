"""Two workers and a master as real processes: one load, split, merged and counted exactly."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from contract.settings.trial import LEAST_WARM_UP_S
from experiments.paths import ROOT
from experiments.records.validity import SKEW
from loadgen.engine.pulse import PARTS
from tests.support.crowd import Crowd, probe
from tests.support.locust_process import (
    PATIENCE_S,
    WORKERS,
    Processes,
    Web,
    lab,
    total,
    until,
)
from tests.support.two_workers import VERIFICATION, measure, result, start, workers

MANY = 10_000
ATTEMPTS = 3
"""A worker may have had no processor as a window opened: such a trial is measured again."""
SLOW_TO_BEGIN = f"{ROOT / 'tests/support/slow_to_begin.py'},{ROOT / 'loadgen/locustfile.py'}"


def test_a_trial_is_split_and_merged(web: Web, server: Crowd) -> None:
    users, idle = 9, 7
    found, asked = measure(
        web, server, "t1", users=users, idle_connections=idle, warm_up_s=0.3, window_s=1.5
    )
    window, workers = found["window"], found["workers"]
    assert found["reason"] == ""
    assert server.most == users + idle
    assert [one["share"]["idle_connections"] for one in workers] == [4, 3]
    assert sorted(one["gauges"]["active_established"] for one in workers) == [4, 5]
    assert found["gauges"]["active_established"] == window["covered"] == users
    assert found["gauges"]["idle_established"] == found["options"]["idle_connections"] == idle
    assert all(one["requests"] > 0 for one in workers)
    assert len({one["share"]["mix_seed"] for one in workers}) == WORKERS
    assert window["requests"] == sum(one["requests"] for one in workers)
    assert window["requests"] == window["response_count"]
    until(lambda: total(web) == window["requests"], "equal counts in Locust's own statistics")
    assert window["requests"] == sum(row["requests"] for row in found["series"])
    assert [row["active_established"] for row in found["series"]] == [users, users]
    assert window["skew_us"] > 0
    # One worker speaks to the probe, and nobody asks in between.
    assert asked[:2] == ["environment", "start"]
    assert asked[-5:] == ["before", "open", "second", "close", "after"]
    assert set(asked[2:-5]) == {"gate"}
    assert all(one["core_loops_us"].keys() == {"before", "after"} for one in workers)
    assert all(min(one["core_loops_us"].values()) > 0 for one in workers)


def test_bad_clients_are_shared_and_looked_back_at(web: Web, server: Crowd) -> None:
    found, asked = measure(
        *(web, server, "t9"),
        users=4,
        window_s=3,
        slow_writers=3,
        hostile_per_s=20,
        flood=150,
    )
    window, company = found["window"], found["company"]
    assert found["reason"] == ""
    assert [one["share"]["flood"] for one in found["workers"]] == [75, 75]
    assert [one["share"]["hostile_per_s"] for one in found["workers"]] == [10, 10]
    assert company["flood_connected"] == 150
    assert company["slow_writers"] == 3
    assert min(company[kind] for kind in ("garbage", "long_head", "half_closed")) >= 10
    assert window["requests"] == sum(one["requests"] for one in found["workers"])
    until(lambda: total(web) == window["requests"], "equal counts in Locust's own statistics")
    assert server.most >= 150
    aftermath = found["aftermath"]
    assert aftermath["answered_s"] < 2
    assert aftermath["fds"] == 0, "this probe always says the same"
    assert asked[-1] == "look"


def test_workers_warm_up_until_their_rate_together_is_steady(server: Crowd, tmp_path: Path) -> None:
    for attempt in range(ATTEMPTS):
        (folder := tmp_path / str(attempt)).mkdir()
        with workers(folder) as (_, web):
            found, _ = measure(web, server, "t8", users=4, steady_within_s=10, window_s=1.0)
        window, rates = found["window"], found["rates_per_s"]
        assert found["reason"] == ""
        assert LEAST_WARM_UP_S <= found["warmed_up_s"] <= 11
        if window["skew_us"] <= SKEW * 1e6:
            break
    assert window["skew_us"] <= SKEW * 1e6, f"not once in {ATTEMPTS} trials"
    assert len(rates) == PARTS
    # A whole is among its parts, however unlike a busy machine makes these.
    assert 0.95 * min(rates) < window["requests"] / window["window_s"] < 1.05 * max(rates)


def test_an_open_loop_sends_its_rate_once(web: Web, server: Crowd) -> None:
    found, _ = measure(
        web, server, "t2", users=8, load="open_loop", arrivals="fixed", rate_per_s=400, window_s=2
    )
    window = found["window"]
    assert found["reason"] == ""
    sent = window["requests"] + window["unanswered"]["count"]
    assert sent == pytest.approx(400 * window["window_s"], abs=40)


def test_the_stop_button_loses_nothing_of_many_users(web: Web, server: Crowd) -> None:
    idle = 11
    start(web, server, users=MANY, idle_connections=idle)
    until(lambda: server.connections == MANY + idle, "the last connection")
    until(lambda: server.answers > 2 * MANY, "the load")
    server.paused = True
    until(server.at_rest, "the last answer's arrival")
    web.post("stop")
    until(
        lambda: total(web) == server.answers - VERIFICATION * WORKERS - idle,
        "equal counts on both ends",
    )
    assert server.most == MANY + idle


def test_ctrl_c_loses_nothing(tmp_path: Path, server: Crowd) -> None:
    users, idle, report = 1_000, 5, tmp_path / "stats"
    headless = ("--headless", "-u", str(users), "-r", str(users), "--expect-workers", str(WORKERS))
    knobs = ("--idle-connections", str(idle), "--host", f"http://127.0.0.1:{server.port}")
    with lab(tmp_path, *headless, *knobs, "--json-file", str(report)) as (running, _):
        until(lambda: server.connections == users + idle, "the last connection")
        until(lambda: server.answers > 20 * users, "the load")
        server.paused = True
        until(server.at_rest, "the last answer's arrival")
        running.signal("master", signal.SIGINT)
        running.running["master"].wait(PATIENCE_S)
    (entry,) = json.loads(report.with_suffix(".json").read_text())
    assert entry["num_requests"] == server.answers - VERIFICATION * WORKERS - idle


@pytest.mark.parametrize("locustfiles", [(), ("--locustfile", SLOW_TO_BEGIN)])
def test_who_comes_late_takes_users_and_nothing_else(
    processes: tuple[Processes, Web], server: Crowd, locustfiles: tuple[str, ...]
) -> None:
    running, web = processes
    users, idle = 6, 4
    start(web, server, users=users, idle_connections=idle)
    until(lambda: server.connections == users + idle, "the last connection")
    running.join("late", *locustfiles)

    def rows() -> list[tuple[int, int]]:
        table = web.get("stats/requests")["extended_stats"][0]["data"]
        workers = [row for row in table if not row["worker"].startswith("all ")]
        return sorted((row["idle"] or 0, row["active"] or 0) for row in workers)

    until(lambda: rows() == [(0, 2), (2, 2), (2, 2)], "the new shares")
    until(lambda: server.connections == users + idle, "no connection more than before")


def test_a_trial_that_is_stopped_by_its_sweep_is_void(web: Web, server: Crowd) -> None:
    with probe(lambda: server.connections) as (address, _):
        start(web, server, users=4, trial="t5", probe=address, window_s=60)
        until(lambda: server.answers > 1_000, "the load")
        web.post("stop", trial="t5")
        found = result(web, "t5")
    assert "stopped before its window had closed" in found["reason"]
    assert found["window"] is None
