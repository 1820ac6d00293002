"""A real master and worker on loopback: counts are exact to the request, faults are told.

Locust patches the standard library when it is imported, so it runs in processes
of its own here, as it does in the lab.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.unit.loopback import RESPONSE, serving

ROOT = Path(__file__).parents[2]
LOCUST = (sys.executable, "-m", "locust", "-f", str(ROOT / "loadgen" / "locustfile.py"))
PATIENCE_S = 30.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def until(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.05)
    return answer


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


class Web:
    """The web UI's HTTP."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path: str) -> Any:
        return requests.get(f"{self.url}/{path}", timeout=10).json()

    def post(self, path: str, **form: Any) -> Any:
        return requests.post(f"{self.url}/{path}", data=form, timeout=10).json()

    def workers(self) -> int:
        try:
            return int(self.get("worker-count")["worker_count"])
        except requests.ConnectionError:
            return 0


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    logs = tmp_path_factory.mktemp("locust")
    port, bind = free_port(), str(free_port())
    ui = ("--web-host", "127.0.0.1", "--web-port", str(port), "--master-bind-host", "127.0.0.1")
    commands = {
        "master": (*LOCUST, "--master", "--master-bind-port", bind, *ui),
        "worker": (*LOCUST, "--worker", "--master-port", bind),
    }
    processes = []
    for name, command in commands.items():
        with (logs / f"{name}.log").open("w") as log:
            processes.append(
                subprocess.Popen(  # noqa: S603 - our own locustfile, fixed words
                    command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
                )
            )
    found = Web(port)
    try:
        until(lambda: found.workers() == 1, "the worker's arrival")
        yield found
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(PATIENCE_S)


def total(web: Web) -> int:
    return int(web.get("stats/requests")["stats"][-1]["num_requests"])


def table(web: Web) -> dict[str, Any]:
    rows: list[dict[str, Any]] = web.get("stats/requests")["extended_stats"][0]["data"]
    return rows[0] if rows else {}


def test_what_the_ui_shows_is_what_the_server_answered(web: Web) -> None:
    users, idle = 12, 5
    counted = Counted()
    with serving(counted) as (host, port):
        target = f"http://{host}:{port}"
        answer = web.post(
            "swarm", user_count=users, spawn_rate=users, host=target, idle_connections=idle
        )
        assert answer["success"], answer
        until(lambda: total(web) > 0, "the first request")
        until(lambda: table(web).get("idle") == idle, "the gauge of idle connections")
        assert table(web)["active"] == users
        web.post("stop")
        # Two for the verification, one per idle connection, and one in flight per user.
        surplus = 2 + idle + users
        until(lambda: total(web) + surplus == counted.answers, "equal counts on both ends")


def test_a_faulty_form_is_answered_in_words(web: Web) -> None:
    answer = web.post(
        "swarm", user_count=1, spawn_rate=1, host="http://192.0.2.1", idle_connections="many"
    )
    assert answer["success"] is False
    assert "only its own servers" in answer["message"]
    assert "idle_connections is 'many'" in answer["message"]


def test_a_server_that_is_not_there_is_shown_among_the_failures(web: Web) -> None:
    answer = web.post("swarm", user_count=1, spawn_rate=1, host=f"http://127.0.0.1:{free_port()}")
    assert answer["success"], answer
    until(
        lambda: "verification failed" in str(web.get("stats/requests")["errors"]),
        "the failure's message",
    )
    web.post("stop")
