"""Which server a trial loads, on which way, and how. The load itself takes those with a `form`."""

from __future__ import annotations

from dataclasses import dataclass

from contract.loads import ARRIVALS, CLIENT_LOADS, IDLES, LOADS, NETWORKS, POD
from contract.mix import PATTERN, parse_mix
from contract.settings.server_flags import BACKLOG, LONGEST_BACKLOG
from contract.settings.setting import setting

MOST = 60_000
"""Active connections or descriptors that can be asked for; see PORTS in conflicts.py."""
MOST_IDLE, MOST_SOURCES = 1_000_000, 64
"""Idle connections take several source addresses, load workers and server processes."""
SERVER_NAME = r"^[a-z][a-z0-9_]*$"
REQUEST, LOAD, SCHEDULE = "Request", "Load", "Schedule"
IDLE, BAD_CLIENTS, SWEEP = "Idle connections", "Bad clients", ""
"""Groups of the load's form, in order; what only a sweep sets is not in it."""


@dataclass(frozen=True, kw_only=True)
class LoadSettings:
    """The first columns of settings in trials.csv, in their order."""

    server: str = setting(
        "epoll_level",
        "A file of servers/variants/, an entry of `servers`, or a reference",
        pattern=SERVER_NAME,
        alone=True,
    )
    network: str = setting(
        POD,
        "Path: the load joins the server's namespace, or crosses a bridge; `wire` is what "
        "an experiment with `hosts` has",
        choices=NETWORKS,
    )
    load: str = setting(
        "keep_alive",
        "Closed loop on connections that stay, or on a new one for each request; "
        "open loop over a pool of connections, or with a new one for each arrival; or no clients: "
        "the server's interface of readiness by itself, a byte that goes round pipes, or one wait",
        choices=LOADS,
        form=LOAD,
        offered=CLIENT_LOADS,
        alone=True,
    )
    active_connections: int = setting(
        64,
        "Connections that send requests; in an open loop, the most at once",
        low=1,
        high=MOST,
        least=0,  # without clients
    )
    load_workers: int = setting(
        1,
        "Load workers that share the load, each on a core of its own while there is; with `hosts`, "
        "one for each that loads if absent",
        low=1,
        high=64,
    )
    idle_connections: int = setting(
        0, "Connections beside the active ones", low=0, high=MOST_IDLE, form=IDLE
    )
    source_addresses: int = setting(
        1,
        "Addresses that the connections of the good clients come from in turn, from 127.0.0.1 on, "
        "under `network: pod`: each has ports of its own",
        low=1,
        high=MOST_SOURCES,
        form=SWEEP,
        added=True,
    )
    backlog: int | None = setting(
        BACKLOG,
        "Argument of listen(); None is the own one of a foreign server",
        low=1,
        high=LONGEST_BACKLOG,
    )
    somaxconn: int = setting(
        4_096, "net.core.somaxconn of the trial's pod", low=1, high=LONGEST_BACKLOG
    )
    path: str | None = setting(
        None,
        "What is asked for, / if absent; or a mix: `/ 95, /db/10 5`, also of requests by name",
        pattern=PATTERN,
        reader=parse_mix,
        form=REQUEST,
        by_hand="/",
    )
    pipeline_depth: int = setting(
        1, "Requests under way on each connection, under keep_alive", low=1, high=256, form=LOAD
    )
    rate_per_s: float | None = setting(
        None,
        "Requests a second of an open loop",
        low=0,
        high=1_000_000,
        above=True,
        form=SCHEDULE,
        by_hand=0.0,
    )
    arrivals: str = setting(
        "poisson",
        "When the requests of an open loop are due",
        choices=ARRIVALS,
        form=SCHEDULE,
        by_hand="fixed",
    )
    surge_per_s: float | None = setting(
        None,
        "Requests a second of an open loop in the first surge_s of its window, not rate_per_s",
        low=0,
        high=1_000_000,
        above=True,
        form=SWEEP,
        by_hand=0.0,
        added=True,
    )
    surge_s: float = setting(
        0.0, "How long surge_per_s lasts, in seconds", low=0, high=3_600, form=SWEEP, added=True
    )
    stop_s: float = setting(
        0.0,
        "Load after the window, in seconds, in which the server is told to end; 0: it is not",
        low=0,
        high=60,
        form=SWEEP,
        added=True,
    )
    connect_pace_per_s: int = setting(
        0,
        "Pace at which connections are opened; 0 is as fast as the cap in flight allows",
        low=0,
        high=1_000_000,
        form=LOAD,
        identifies=False,
    )
    idle: str = setting(
        "after_one",
        "Idle connections are silent after one request, or always",
        choices=IDLES,
        form=IDLE,
    )
    trickle_per_s: float = setting(
        0.0,
        "Bytes a second that each idle connection sends of an endless request",
        low=0,
        high=20,
        form=IDLE,
    )
    churn_per_s: float = setting(
        0.0, "Share of the idle connections that is replaced a second", low=0, high=10, form=IDLE
    )
    slow_readers: int = setting(
        0, "Bad clients that ask for 16 MiB and hardly read", low=0, high=10_000, form=BAD_CLIENTS
    )
    slow_writers: int = setting(
        0,
        "Bad clients that send a header, a byte a second, for ever",
        low=0,
        high=10_000,
        form=BAD_CLIENTS,
    )
    vanishing_per_s: float = setting(
        0.0,
        "Bad clients that reset inside a request, a second",
        low=0,
        high=1_000,
        form=BAD_CLIENTS,
    )
    hostile_per_s: float = setting(
        0.0,
        "Bad clients a second that send garbage, a head without end, or close their half inside a "
        "request, in turn",
        low=0,
        high=1_000,
        form=BAD_CLIENTS,
        added=True,
    )
    flood: int = setting(
        0,
        "Connections that come at once as the window opens, each with a request, and go 2 s later",
        low=0,
        high=10_000,
        form=SWEEP,
        added=True,
    )
