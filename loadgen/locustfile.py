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
from loadgen.connections import IN_FLIGHT
from loadgen.options import BODY, IDLES, LISTEN_S, LOADS, known_servers
from loadgen.schedule import ARRIVALS
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
    add("--path", default="/", help="What is asked for; or a mix like: / 95, /db/10 5")
    add("--pipeline-depth", type=int, default=1, help="Requests under way on each connection")
    add("--rate-per-s", type=float, default=0.0, help="Rate of an open loop, requests a second")
    add("--arrivals", default=ARRIVALS[0], choices=list(ARRIVALS), help="When they are due")
    add("--seed", type=int, default=0, help="Seed of Poisson arrivals and of mixes")
    add(
        "--idle-connections",
        type=int,
        default=0,
        help="Connections beside those that send requests",
    )
    add("--idle", default=IDLES[0], choices=list(IDLES), help="Silent after one request, or always")
    add("--trickle-per-s", type=float, default=0.0, help="Bytes a second from each idle one")
    add("--churn-per-s", type=float, default=0.0, help="Share of the idle ones replaced a second")
    add("--slow-readers", type=int, default=0, help="Bad clients that hardly read")
    add("--slow-writers", type=int, default=0, help="Bad clients that send a byte a second")
    add("--vanishing-per-s", type=float, default=0.0, help="Bad clients that reset, a second")
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
