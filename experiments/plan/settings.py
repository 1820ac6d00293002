"""The settings of a trial: everything that makes one differ from another."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from contract.columns import OPEN_LOADS, WITHOUT_CLIENTS
from experiments.plan.foreign_server import ServerName
from experiments.plan.strict import Strict

MOST_CONNECTIONS = 55_000
MOST_LOAD_WORKERS = 64
CONNECTING_LOADS = ("connection_per_request", "open_connections")
MOST_TRACED_S = 10
"""A traced server writes some MB a second (an estimate), into a file system of 64 MiB."""
ENTRY = r"/[!-+\--~]*( +\d+(\.\d+)?)?"
"""A path, and its weight where there are several; a comma ends it."""
MOST_KINDS = 8
INTERFACES = ("select", "poll", "epoll_level", "epoll_edge")
"""Servers whose interface of readiness can be measured by itself."""
MIX = rf"^{ENTRY}( *, *{ENTRY})*$"

Connections = Annotated[int, Field(ge=0, le=60_000)]
Backlog = Annotated[int, Field(ge=1, le=65_535)]
Load = Literal[
    "keep_alive",
    "connection_per_request",
    "open_loop",
    "open_connections",
    "token_ring",
    "one_wait",
]


class Settings(Strict):
    """The same names in trials.csv. What is None is left to the server."""

    server: ServerName = Field(
        "epoll_level",
        description="A file of servers/variants/, an entry of `servers`, or a reference",
    )
    network: Literal["pod", "bridge"] = Field(
        "pod", description="Path: the load joins the server's namespace, or crosses a bridge"
    )
    load: Load = Field(
        "keep_alive",
        description="Closed loop on connections that stay, or on a new one for each request; "
        "open loop over a pool of connections, or with a new one for each arrival; or no clients: "
        "the server's interface of readiness by itself, a byte that goes round pipes, or one wait",
    )
    path: Annotated[str, Field(pattern=MIX)] | None = Field(
        None, description="What is asked for, / if absent; or a mix: `/ 95, /db/10 5`"
    )
    pipeline_depth: Annotated[int, Field(ge=1, le=256)] = Field(
        1, description="Requests under way on each connection, under keep_alive"
    )
    rate_per_s: Annotated[float, Field(gt=0, le=1_000_000)] | None = Field(
        None, description="Requests a second of an open loop"
    )
    arrivals: Literal["fixed", "poisson"] = Field(
        "poisson", description="When the requests of an open loop are due"
    )
    active_connections: Annotated[int, Field(ge=1, le=60_000)] = Field(
        64, description="Connections that send requests; in an open loop, the most at once"
    )
    load_workers: Annotated[int, Field(ge=1, le=MOST_LOAD_WORKERS)] = Field(
        1, description="Load workers that share the load, each on a core of its own while there is"
    )
    idle_connections: Connections = Field(0, description="Connections beside them")
    connect_pace_per_s: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        0, description="Pace at which they are opened; 0 is as fast as the cap in flight allows"
    )
    idle: Literal["after_one", "silent"] = Field(
        "after_one", description="Idle connections are silent after one request, or always"
    )
    trickle_per_s: Annotated[float, Field(ge=0, le=20)] = Field(
        0.0, description="Bytes a second that each idle connection sends of an endless request"
    )
    churn_per_s: Annotated[float, Field(ge=0, le=10)] = Field(
        0.0, description="Share of the idle connections that is replaced a second"
    )
    slow_readers: Annotated[int, Field(ge=0, le=10_000)] = Field(
        0, description="Bad clients that ask for 16 MiB and hardly read"
    )
    slow_writers: Annotated[int, Field(ge=0, le=10_000)] = Field(
        0, description="Bad clients that send a header, a byte a second, for ever"
    )
    vanishing_per_s: Annotated[float, Field(ge=0, le=1_000)] = Field(
        0.0, description="Bad clients that reset inside a request, a second"
    )
    watched: Annotated[int, Field(ge=1, le=60_000)] | None = Field(
        None, description="Descriptors watched under token_ring and one_wait"
    )
    backlog: Backlog | None = Field(
        1_024, description="Argument of listen(); None is the own one of a foreign server"
    )
    somaxconn: Backlog = Field(4_096, description="net.core.somaxconn of the trial's pod")
    abort_on_overflow: bool | None = Field(
        None, description="net.ipv4.tcp_abort_on_overflow of the server's pod; the kernel's if None"
    )
    syn_linear_timeouts: Annotated[int, Field(ge=0, le=127)] | None = Field(
        None, description="net.ipv4.tcp_syn_linear_timeouts where the load is; the kernel's if None"
    )
    late_acks: Annotated[int, Field(ge=0, le=1_000)] = Field(
        0,
        description="Handshakes, before the load of a connection per request, that are ended "
        "only when the accept queue is full",
    )
    workers: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        None, description="Threads or processes of a pool"
    )
    accepts_per_wakeup: Backlog | None = Field(
        None, description="Connections that a loop accepts at most per wake-up"
    )
    response_bytes: Annotated[int, Field(ge=0, le=16_777_216)] | None = Field(
        None, description="Body of the response to /"
    )
    split_writes: bool | None = Field(
        None, description="Head and body of a response are written one by one"
    )
    cork: bool | None = Field(None, description="TCP_CORK while a response is written")
    nodelay: bool | None = Field(None, description="TCP_NODELAY: no waiting for more to send")
    epoll_exclusive: bool | None = Field(
        None, description="One process is woken for a connection, not all that wait"
    )
    idle_timeout_ms: Annotated[int, Field(ge=0, le=3_600_000)] | None = Field(
        None, description="Connections are closed when nothing has moved for so long"
    )
    switch_interval_us: Annotated[int, Field(ge=1, le=10_000_000)] | None = Field(
        None, description="How long a thread waits for the interpreter before it asks for it"
    )
    thread_stack_bytes: Annotated[int, Field(ge=0, le=1_073_741_824)] | None = Field(
        None, description="Stack of a thread; 0 is the system's own"
    )
    server_cpu_quota: Annotated[float, Field(ge=0.5, le=1)] | None = Field(
        None, description="Cores the server may use, as a quota with a 2 ms period; one if absent"
    )
    sigpending: Annotated[int, Field(ge=16, le=1_000_000)] | None = Field(
        None, description="Limit of signals that may wait for the server; the engine's if None"
    )
    warm_up_s: Annotated[float, Field(ge=0, le=600)] = Field(
        0.3, description="Load before the window, in seconds"
    )
    window_s: Annotated[float, Field(ge=0.2, le=3_600)] = Field(
        2.0, description="Measured window, in seconds"
    )
    traced: bool = Field(
        False, description="Count the server's system calls, which makes it many times slower"
    )

    @property
    def open(self) -> bool:
        """Whether the load has a schedule."""
        return self.load in OPEN_LOADS

    @property
    def ramp_s(self) -> float:
        """How long it takes to open all connections at the pace; 0 without one."""
        together = self.active_connections + self.idle_connections
        return together / self.connect_pace_per_s if self.connect_pace_per_s else 0.0

    @property
    def without_clients(self) -> bool:
        """Whether nothing is sent to a server."""
        return self.load in WITHOUT_CLIENTS

    @property
    def recorded(self) -> dict[str, Any]:
        """The settings as they stand in trials.csv: without clients nothing connects or listens."""
        nobody = {"active_connections": 0, "backlog": None} if self.without_clients else {}
        return self.model_dump() | nobody

    @property
    def descriptors(self) -> int:
        """The most that one process of the trial has beside its own."""
        if self.watched is not None:  # a pipe has two ends
            return self.watched * (2 if self.load == "token_ring" else 1)
        return (
            self.active_connections + self.idle_connections + self.slow_readers + self.slow_writers
        )

    @model_validator(mode="after")
    def _fits(self) -> Settings:
        together = self.descriptors
        if self.watched is None and together > MOST_CONNECTIONS:
            raise ValueError(
                f"{self.active_connections:,} active and {self.idle_connections:,} idle "
                f"connections, with bad clients, are {together:,}; one address has ports for "
                f"{MOST_CONNECTIONS:,}"
            )
        return self

    @model_validator(mode="after")
    def _goes_together(self) -> Settings:
        several = "," in (self.path or "")
        if self.load_workers > self.active_connections:
            raise ValueError(
                f"load_workers {self.load_workers} share {self.active_connections} active "
                "connections: each needs one at least"
            )
        if self.open and self.rate_per_s is None:
            raise ValueError(f"load {self.load} needs rate_per_s, the requests a second")
        if not self.open and self.rate_per_s is not None:
            raise ValueError(
                f"rate_per_s is for {' and '.join(OPEN_LOADS)}; {self.load} sends as fast as it can"
            )
        if self.pipeline_depth > 1 and (self.load != "keep_alive" or several):
            raise ValueError("pipeline_depth above 1 is for load keep_alive with one path")
        if several and self.load != "keep_alive":
            raise ValueError("a path with several entries is for load keep_alive")
        if not self.idle_connections and (self.trickle_per_s or self.churn_per_s):
            raise ValueError("trickle_per_s and churn_per_s are for idle_connections above 0")
        if self.late_acks and self.load not in CONNECTING_LOADS:
            raise ValueError(f"late_acks are for {' and '.join(CONNECTING_LOADS)}")
        if self.late_acks > (self.backlog or 0):
            raise ValueError(
                f"late_acks {self.late_acks} is above backlog {self.backlog}: no more "
                "handshakes can be under way"
            )
        if self.traced and self.warm_up_s + self.window_s > MOST_TRACED_S:
            raise ValueError(
                f"traced for warm_up_s + window_s = {self.warm_up_s + self.window_s:g} s; the "
                f"trace has room for {MOST_TRACED_S} s"
            )
        return self

    @model_validator(mode="after")
    def _alone(self) -> Settings:
        names = " and ".join(WITHOUT_CLIENTS)
        if not self.without_clients:
            if self.watched is not None:
                raise ValueError(f"watched is for {names}; {self.load} has connections instead")
            return self
        if self.watched is None:
            raise ValueError(f"load {self.load} needs watched, the number of descriptors")
        if self.server not in INTERFACES:
            raise ValueError(
                f"load {self.load} measures the interface of {', '.join(INTERFACES)}; "
                f"{self.server} has none that could be measured by itself"
            )
        for name, field in type(self).model_fields.items():
            if name not in MEANT_ALONE and getattr(self, name) != field.default:
                raise ValueError(f"{name} means nothing under {names}, which have no clients")
        return self

    @model_validator(mode="after")
    def _reads_as_a_mix(self) -> Settings:
        entries = [entry.split() for entry in (self.path or "/").split(",")]
        paths = [path for path, *_ in entries]
        if len(paths) > MOST_KINDS:
            raise ValueError(f"path has {len(paths)} entries; at most {MOST_KINDS} are told apart")
        if len(set(paths)) < len(paths):
            raise ValueError(f"path names an entry twice: {self.path}")
        if not any(float(weight) for _, *weights in entries for weight in weights or ["1"]):
            raise ValueError(f"the weights of path add up to nothing: {self.path}")
        return self


MEANT_ALONE = ("server", "load", "watched", "warm_up_s", "window_s")
"""Settings that a trial without clients heeds."""
SERVER_FLAGS = (
    *("workers", "accepts_per_wakeup", "response_bytes", "split_writes", "cork", "nodelay"),
    *("epoll_exclusive", "idle_timeout_ms", "switch_interval_us", "thread_stack_bytes"),
)
"""Settings that are passed to the lab's own servers as flags, where they are given."""
