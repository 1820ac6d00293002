"""Master, two workers, probe and server as processes: it is told to end under their load."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from contract.result.document import from_json
from contract.result.trial_result import TrialResult
from tests.support.locust_process import WORKERS, Web, lab, until
from tests.support.stopping import Said, probe_beside, truth_server

USERS = 16
FORM = {
    "idle_connections": 0,
    "rate_per_s": 200,
    "arrivals": "poisson",
    "warm_up_s": 0.3,
    "window_s": 1,
    "stop_s": 2.5,
    "user_count": USERS,
    "spawn_rate": USERS,
}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with lab(tmp_path) as (_, made):
        until(lambda: made.workers() == WORKERS, "the workers' arrival")
        yield made


def result(web: Web, trial: str) -> TrialResult:
    def ask() -> Any:
        answer = web.ask(f"c10k/result/{trial}?wait=5")
        return answer.json() if answer.status_code == requests.codes.ok else None

    return from_json(TrialResult, until(ask, "the result"))


@pytest.mark.parametrize("load", ["open_loop", "open_connections"])
def test_what_was_lost_is_what_the_server_says(web: Web, load: str) -> None:
    path = f"c10k/worker/{socket.gethostname()}?wait=20&count={WORKERS}"
    assert web.ask(path).status_code == requests.codes.ok
    with (
        truth_server("loses") as (server, (host, port)),
        probe_beside(server.pid) as (_, (beside, probe_port)),
    ):
        target = {"host": f"http://{host}:{port}", "probe": f"{beside}:{probe_port}"}
        answer = web.post("swarm", **FORM, **target, load=load, trial=load, stop_signal="TERM")
        assert answer["success"], answer
        found = result(web, load)
        assert found.reason == ""
        said = Said.read(server.communicate(timeout=10)[0])
    assert found.stopped
    assert found.stopped.lost == said.lost >= 1
    # A connection that stays is opened anew after a loss, with a request beside the schedule.
    first = said.lost if load == "open_loop" else 0
    before = found.stopped.response.count + first - said.answered_since(found.stopped.told_ns)
    assert 0 <= before <= USERS, "sent before the signal, and read after it"
    assert [one.label for one in found.samples][-3:] == ["open", "close", "stop"]
    assert found.samples[-1].at_ns == found.stopped.told_ns
    assert found.window
    assert found.window.errors == {}
    assert (found.window.reconnects, found.window.resent) == (0, 0), "those came after it"
    assert found.window.ended_ns < found.stopped.told_ns
    assert found.window.requests == pytest.approx(200 * found.window.window_s, rel=0.4)


def test_it_is_for_trials(web: Web) -> None:
    answer = web.post("swarm", **FORM, host="http://127.0.0.1:8080", load="open_loop")
    assert "stop_s is for trials" in answer["message"]
