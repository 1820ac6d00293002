"""Locust's stock clients, for the benchmark that shows why the engine exists.

`locust -f loadgen/peers.py --headless FastHttp` or `... Http`.
"""

from __future__ import annotations

from locust import FastHttpUser, HttpUser, constant, task


class FastHttp(FastHttpUser):
    """geventhttpclient, keep-alive."""

    wait_time = constant(0)

    @task
    def get(self) -> None:
        self.client.get("/")


class Http(HttpUser):
    """requests, keep-alive."""

    wait_time = constant(0)

    @task
    def get(self) -> None:
        self.client.get("/")
