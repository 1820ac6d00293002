"""A real master and worker on loopback: counts are exact to the request, faults are told.

Locust patches the standard library when it is imported, so it runs in processes
of its own here, as it does in the lab.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.locust_process import (
    OF_THE_RUN,
    PATIENCE_S,
    Web,
    free_port,
    running,
    total,
    until,
)
from tests.support.loopback import RESPONSE, serving


class Counted:
    """Answers for ever and counts its answers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.answers = 0

    def __call__(self, connection: socket.socket, _number: int) -> None:
        while connection.recv(4_096):
            with self._lock:
                self.answers += 1
            connection.sendall(RESPONSE)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with running(tmp_path_factory.mktemp("locust")) as found:
        yield found


def start(web: Web, users: int, host: str, **form: Any) -> None:
    """Start a load as soon as the one before has ended."""
    given = {"user_count": users, "spawn_rate": users, "host": host, **form}
    until(lambda: web.post("swarm", **given)["success"], "the start of a load")


def table(web: Web) -> dict[str, Any]:
    rows: list[dict[str, Any]] = web.get("stats/requests")["extended_stats"][0]["data"]
    return rows[0] if rows else {}


def test_what_the_ui_shows_is_what_the_server_answered(web: Web) -> None:
    users, idle = 12, 5
    counted = Counted()
    with serving(counted) as (host, port):
        target = f"http://{host}:{port}"
        start(web, users, target, idle_connections=idle)
        until(lambda: total(web) > 0, "the first request")
        until(lambda: table(web).get("idle") == idle, "the gauge of idle connections")
        assert table(web)["active"] == users
        web.post("stop")
        # Ten for the verification, one per idle connection, and one in flight per user.
        surplus = 10 + idle + users
        until(lambda: total(web) + surplus == counted.answers, "equal counts on both ends")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"idle_connections": "many"}, "idle_connections is 'many'"),
        ({"idle_connections": "1e3"}, "idle_connections is 1e3; it must be a whole number"),
        ({"expect_status": "2e2"}, "expect_status: '2e2' is no status; write it like 200"),
        ({"user_count": "1" + "0" * 400}, "it must be a whole number from 1 to 60,000"),
        ({"user_count": "-1"}, "the number of users is '-1'"),
        ({"user_count": "1.5"}, "the number of users is '1.5'"),
        ({"spawn_rate": "inf"}, "the ramp up is 'inf'; it must be from 0.01 to 100,000"),
        ({"spawn_rate": "fast"}, "the ramp up is 'fast'"),
        ({"run_time": "9" * 30 + "h"}, "the run time is"),
        ({"run_time": "soon"}, "write it like 90, 90s, 5m or 1h30m"),
        ({"master_port": "1"}, "master_port is no field of this form"),
        ({"host": "http://192.0.2.1"}, "only its own servers"),
    ],
)
def test_a_faulty_form_is_answered_in_words(web: Web, wrong: dict[str, str], words: str) -> None:
    form = {"user_count": "1", "spawn_rate": "1", "host": "http://127.0.0.1:8080", **wrong}
    answer = web.post("swarm", **form)
    assert answer["success"] is False
    assert words in answer["message"]


def test_all_faults_of_a_form_are_answered_together(web: Web) -> None:
    answer = web.post("swarm", user_count="x", spawn_rate=0, seed="?", host="http://192.0.2.1")
    for words in ("number of users", "ramp up", "seed is '?'", "only its own servers"):
        assert words in answer["message"]


def test_a_running_load_takes_more_users_and_nothing_else(web: Web) -> None:
    form: dict[str, Any] = {"user_count": 2, "spawn_rate": 10}
    with serving(Counted()) as (host, port):
        start(web, 2, f"http://{host}:{port}", spawn_rate=10)
        until(lambda: table(web).get("active") == 2, "the connections")
        refused = web.post("swarm", **form, seed=7, idle_connections=3)
        assert refused["success"] is False
        assert "idle_connections, seed cannot be changed while a load runs" in refused["message"]
        assert web.post("swarm", **{**form, "user_count": 5})["success"]
        until(lambda: table(web).get("active") == 5, "more connections")
        web.post("stop")
        until(lambda: table(web).get("phase") == "stopped", "the stop")


def test_histograms_hold_all_that_was_counted(web: Web) -> None:
    users = 3
    with serving(Counted()) as (host, port):
        start(web, users, f"http://{host}:{port}", idle_connections=0)  # what is not sent stays
        until(lambda: table(web).get("rate"), "a second of requests")
        web.post("stop")
        until(lambda: table(web).get("phase") == "stopped", "the stop")
    taken = web.get("c10k/histograms")
    until(lambda: total(web) == taken["histograms"]["response"]["count"], "equal counts")
    assert taken["histograms"]["connect"]["count"] == users
    log = requests.get(f"{web.url}/c10k/histograms.hlog", timeout=PATIENCE_S)
    assert "attachment" in log.headers["Content-Disposition"]
    assert taken["histograms"]["response"]["encoded"] in log.text


@pytest.fixture(scope="module")
def of_a_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with running(tmp_path_factory.mktemp("run"), OF_THE_RUN) as found:
        yield found


def anybody(web: Web) -> Web:
    """Who is in the same network and does not know the secret."""
    return Web(int(web.url.rpartition(":")[2]))


def a_trial(web: Web, name: str, address: tuple[str, int]) -> None:
    host, port = address
    form = {"user_count": 1, "spawn_rate": 1, "host": f"http://{host}:{port}"}
    trial = {"trial": name, "probe": f"{host}:{free_port()}", "window_s": 1}
    assert web.post("swarm", **form, **trial)["success"]


def test_a_sweep_is_watched_and_not_touched(of_a_run: Web) -> None:
    stranger = anybody(of_a_run)
    with serving(Counted()) as (host, port):
        assert stranger.ask("c10k/histograms").status_code == 404
        form = {"user_count": 1, "spawn_rate": 1, "host": f"http://{host}:{port}"}
        a_trial(of_a_run, "t1", (host, port))
        for path, data in (
            ("swarm", form),
            ("swarm", {**form, "trial": "t2"}),
            ("stop", {}),
            ("stats/reset", {}),
            ("user", {}),
        ):
            answer = stranger.post(path, **data)
            assert answer["success"] is False
            assert "a sweep is running here" in answer["message"]
        until(lambda: of_a_run.get("c10k/result/t1").get("reason"), "the trial's end")


def test_a_result_is_the_runs_and_can_be_asked_for_again(tmp_path: Path) -> None:
    with running(tmp_path, OF_THE_RUN) as web, serving(Counted()) as address:
        a_trial(web, "t1", address)
        until(lambda: web.get("c10k/result/t1").get("reason"), "the trial's end")
        for path in ("c10k/result/t1", f"c10k/worker/{socket.gethostname()}"):
            refused = anybody(web).ask(path)
            assert refused.status_code == 403
            words = "only the run that started this master may ask this"
            assert refused.json() == {"message": words}
        first, second = (web.ask("c10k/result/t1") for _ in range(2))
        assert first.status_code == second.status_code == 200
        assert first.json() == second.json()
        assert web.ask("c10k/result/another").status_code == 202


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("result/t?wait=nan", "wait is 'nan'; it must be a number of seconds from 0 to 60"),
        ("result/t?wait=inf", "wait is 'inf'"),
        ("result/t?wait=-1", "wait is '-1'"),
        ("result/t?wait=soon", "wait is 'soon'"),
        ("result/t?wait=0&wait=60", "wait is given 2 times"),
        ("result/t?count=1", "'count' is no parameter of this address"),
        ("worker/h?count=50000000", "count is '50000000'; it must be a whole number from 1 to"),
        ("worker/h?count=0", "count is '0'"),
        ("worker/h?count=1.5", "count is '1.5'"),
        (f"worker/{'h' * 201}", "a name of 201 characters; at most 200"),
    ],
)
def test_a_call_that_cannot_be_answered_is_told_why(of_a_run: Web, path: str, words: str) -> None:
    answer = of_a_run.ask(f"c10k/{path}")
    assert answer.status_code == 400
    assert words in answer.json()["message"]


def test_a_master_that_no_run_started_gives_no_result_and_takes_no_trial(web: Web) -> None:
    for secret in ("", OF_THE_RUN):
        asking = Web(int(web.url.rpartition(":")[2]), secret)
        assert asking.ask("c10k/result/t1").status_code == 403
        form = {"user_count": 1, "spawn_rate": 1, "host": "http://127.0.0.1:8080", "trial": "t1"}
        assert "this master was not started by one" in asking.post("swarm", **form)["message"]


def test_the_pages_own_files_need_no_secret(of_a_run: Web) -> None:
    assert anybody(of_a_run).ask("c10k/page/form.js").status_code == 200


def test_a_server_that_cannot_run_or_has_ended_is_answered_in_the_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("C10K_SERVERS", "forbidden gone.invalid")
    monkeypatch.setenv("C10K_UNAVAILABLE", '{"forbidden": "its system calls are refused"}')
    form = {"user_count": 1, "spawn_rate": 1}
    with running(tmp_path) as web:
        for server, words in {
            "forbidden": "forbidden cannot run here: its system calls are refused",
            "gone.invalid": "gone.invalid does not run: it has ended, or was never started",
        }.items():
            answer = web.post("swarm", **form, server=server)
            assert answer["success"] is False
            assert words in answer["message"]
            # Named as the host, it is no other.
            answer = web.post("swarm", **form, server="", host=f"http://{server}:8080")
            assert words in answer["message"]
        page = requests.get(web.url, timeout=PATIENCE_S).text
        assert '"c10k_unavailable": {"forbidden": "its system calls are refused"}' in page


def test_a_server_that_is_not_there_is_shown_among_the_failures(web: Web) -> None:
    start(web, 1, f"http://127.0.0.1:{free_port()}")
    until(
        lambda: "verification failed" in str(web.get("stats/requests")["errors"]),
        "the failure's message",
    )
    web.post("stop")
