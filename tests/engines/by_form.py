"""Loads servers of `make ui` by the web UI's form, and says how many requests each has answered."""

from __future__ import annotations

import sys
import time
from typing import Any, Final

import requests

from experiments.by_hand import URL

SERVERS: Final = ("epoll_level", "thread_per_connection")
USERS: Final = 8
ENOUGH: Final = 1_000
PATIENCE_S: Final = 60.0


def load(session: requests.Session, server: str) -> int:
    """Start a load, wait for requests, stop it; their number. Exits 1 with what went wrong."""
    form = {"user_count": USERS, "spawn_rate": USERS, "server": server}
    answer = session.post(f"{URL}/swarm", data=form, timeout=PATIENCE_S).json()
    if not answer["success"]:
        sys.exit(f"{server}: {answer['message']}")
    deadline = time.monotonic() + PATIENCE_S
    while (total := _total(session))["num_requests"] < ENOUGH:
        if time.monotonic() > deadline:
            sys.exit(f"{server}: {total}")
        time.sleep(0.2)
    session.post(f"{URL}/stop", timeout=PATIENCE_S).raise_for_status()
    if total["num_failures"]:
        sys.exit(f"{server}: {total['num_failures']} failures")
    return int(total["num_requests"])


def _total(session: requests.Session) -> dict[str, Any]:
    found = session.get(f"{URL}/stats/requests", timeout=PATIENCE_S).json()
    total: dict[str, Any] = found["stats"][-1]
    return total


if __name__ == "__main__":
    with requests.Session() as http:
        http.trust_env = False  # a proxy has no business on loopback
        for one in SERVERS:
            print(f"{one}: {load(http, one)} requests")
