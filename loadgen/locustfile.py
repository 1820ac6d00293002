"""What Locust loads: a user is a connection, and the engine does the work.

`locust -f loadgen/locustfile.py --master` with the UI, `--worker` for the load.
"""

from __future__ import annotations

import resource
from typing import Any

import locust.runners
from locust import User, constant, events, task
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from contract.ports import SERVER_PORT
from loadgen.locust_options import add_options
from loadgen.master.api import MasterApi
from loadgen.worker.session import Session

# Locust raises the soft limit to 10,000 at most: too few for 10,000 connections.
_hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (_hard, _hard))
locust.runners.WORKER_REPORT_INTERVAL = 1.0
# In seconds. Making thousands of users may keep a worker from telling that it lives for some.
locust.runners.HEARTBEAT_LIVENESS = 10
FOREVER_S = 1e7
hooks: Any = events  # Locust leaves its hooks untyped


class Connection(User):
    """One active connection. It sleeps here; the engine sends and receives for it."""

    host = f"http://127.0.0.1:{SERVER_PORT}"
    wait_time = constant(FOREVER_S)

    @task
    def hold(self) -> None:
        """Nothing: the connection is the engine's."""


def attach(environment: Environment, runner: Any, **_kwargs: Any) -> None:
    """A worker conducts, a master collects and shows."""
    if isinstance(runner, WorkerRunner):
        Session(environment, runner)
    elif isinstance(runner, MasterRunner):
        MasterApi(environment, runner)


hooks.init_command_line_parser.add_listener(add_options)
hooks.init.add_listener(attach)
