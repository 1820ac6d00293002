"""Trials by a master and two workers, asked for as a sweep does."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.support.crowd import Crowd, probe
from tests.support.locust_process import WORKERS, Processes, Web, lab, until

VERIFICATION = 10
"""Requests with which each worker looks at the server before it loads it by hand: two, and eight on
connections of their own."""
FRESH = {"idle_connections": 0, "warm_up_s": 0, "rate_per_s": 0, "load": "keep_alive"}


@contextmanager
def workers(folder: Path) -> Iterator[tuple[Processes, Web]]:
    with lab(folder) as made:
        until(lambda: made[1].workers() == WORKERS, "the workers' arrival")
        yield made


def start(web: Web, server: Crowd, users: int, **form: Any) -> None:
    target = f"http://127.0.0.1:{server.port}"
    form = {**FRESH, "user_count": users, "spawn_rate": users, "host": target, **form}
    answer = web.post("swarm", **form)
    assert answer["success"], answer


def result(web: Web, trial: str) -> dict[str, Any]:
    def ask() -> Any:
        answer = web.ask(f"c10k/result/{trial}?wait=5")
        return answer.json() if answer.status_code == requests.codes.ok else None

    found: dict[str, Any] = until(ask, "the result")
    return found


def measure(web: Web, server: Crowd, trial: str, **form: Any) -> tuple[dict[str, Any], list[str]]:
    """A trial as a sweep asks for it, and what the probe was asked."""
    path = f"c10k/worker/{socket.gethostname()}?wait=20&count={WORKERS}"
    assert web.ask(path).status_code == requests.codes.ok
    with probe(lambda: server.connections) as (address, asked):
        start(web, server, trial=trial, probe=address, **form)
        return result(web, trial), asked
