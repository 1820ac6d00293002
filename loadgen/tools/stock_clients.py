"""Locust's stock clients, for the benchmark that shows why the engine exists.

`locust -f loadgen/tools/stock_clients.py --headless FastHttp`, or another class. What is counted
begins when all users are there and ends before they are stopped; the last line of the output is
JSON: requests, failures, seconds, and the process's CPU seconds.
"""

from __future__ import annotations

import json
import time
from typing import Any

from locust import FastHttpUser, HttpUser, constant, events, task
from locust.env import Environment
from locust.stats import StatsEntry

CLOSING = {"Connection": "close"}
hooks: Any = events  # Locust leaves its hooks untyped


class FastHttp(FastHttpUser):
    """geventhttpclient, keep-alive."""

    wait_time = constant(0)

    @task
    def get(self) -> None:
        self.client.get("/")


class FastHttpClosing(FastHttpUser):
    """geventhttpclient, a connection per request."""

    wait_time = constant(0)

    @task
    def get(self) -> None:
        self.client.get("/", headers=CLOSING)


class Http(HttpUser):
    """requests, keep-alive."""

    wait_time = constant(0)

    @task
    def get(self) -> None:
        self.client.get("/")


class HttpClosing(HttpUser):
    """requests, a connection per request."""

    wait_time = constant(0)

    @task
    def get(self) -> None:
        self.client.get("/", headers=CLOSING)


class Count:
    """What was done between two moments."""

    def __init__(self) -> None:
        self._total: StatsEntry | None = None
        self._before = (0, 0, 0.0, 0.0)

    def attach(self, environment: Environment, **_kwargs: Any) -> None:
        """The test starts."""
        self._total = environment.stats.total

    def begin(self, **_kwargs: Any) -> None:
        """All users are there."""
        self._before = self._now()

    def tell(self, **_kwargs: Any) -> None:
        """The test is about to stop."""
        names = ("requests", "failures", "seconds", "cpu_s")
        pairs = zip(self._now(), self._before, strict=True)
        told = {name: now - then for name, (now, then) in zip(names, pairs, strict=True)}
        print(json.dumps(told), flush=True)

    def _now(self) -> tuple[int, int, float, float]:
        if self._total is None:
            raise RuntimeError("the test has not been started")
        done = self._total.num_requests, self._total.num_failures
        return *done, time.perf_counter(), time.process_time()


count = Count()
hooks.test_start.add_listener(count.attach)
hooks.spawning_complete.add_listener(count.begin)
hooks.test_stopping.add_listener(count.tell)
