"""What Locust loads: a user is a connection, and the engine does the work.

`locust -f loadgen/locustfile.py --master` with the UI, `--worker` for the load.
"""

from __future__ import annotations

import resource
from typing import Any

import locust.runners
from locust import User, constant, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadgen.board import Board
from loadgen.engine import IN_FLIGHT
from loadgen.options import BODY, LISTEN_S, LOADS, known_servers
from loadgen.session import Session

# Locust raises the soft limit to 10,000 at most: too few for 10,000 connections.
_hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (_hard, _hard))
locust.runners.WORKER_REPORT_INTERVAL = 1.0
FOREVER_S = 1e7
hooks: Any = events  # Locust leaves its hooks untyped


class Connection(User):
    """One active connection. It sleeps here; the engine sends and receives for it."""

    host = "http://127.0.0.1:8080"
    wait_time = constant(FOREVER_S)

    @task
    def hold(self) -> None:
        """Nothing: the connection is the engine's."""


def add_knobs(parser: LocustArgumentParser) -> None:
    """Everything that a sweep sets, a person sets in the form."""
    servers = known_servers()
    add = parser.add_argument
    if servers:
        add("--server", default=servers[0], choices=servers, help="Server variant to load")
    else:
        add("--server", default="", include_in_web_ui=False, help="Server variant to load")
    add("--load", default=LOADS[0], choices=list(LOADS), help="Kind of load")
    add(
        "--idle-connections",
        type=int,
        default=0,
        help="Connections that send one request and then stay silent",
    )
    add(
        "--in-flight",
        type=int,
        default=IN_FLIGHT,
        help="Connections opened at once; keep it below the server's backlog",
    )
    add(
        "--warm-up-s",
        type=float,
        default=0.0,
        help="Load that is not counted, before the window, in seconds",
    )
    add(
        "--window-s",
        type=float,
        default=0.0,
        include_in_web_ui=False,
        help="Length of a trial's window; by hand, a load lasts until it is stopped",
    )
    add("--path", default="/", help="What the active and idle connections ask for")
    add("--expect-status", type=int, default=200, help="HTTP status that has to be answered")
    add(
        "--expect-body",
        default=BODY,
        help="Body that has to be answered; empty for any that stays the same",
    )
    add(
        "--listen-s",
        type=float,
        default=LISTEN_S,
        include_in_web_ui=False,
        help="How long to wait until the server listens, in seconds",
    )
    add("--trial", default="", include_in_web_ui=False, help="Identifier of a sweep's trial")
    add("--probe", default="", include_in_web_ui=False, help="Address of the trial's probe")


def attach(environment: Environment, runner: Any, **_kwargs: Any) -> None:
    """A worker conducts, a master collects and shows."""
    if isinstance(runner, WorkerRunner):
        Session(environment, runner)
    elif isinstance(runner, MasterRunner):
        Board(environment, runner)


hooks.init_command_line_parser.add_listener(add_knobs)
hooks.init.add_listener(attach)
