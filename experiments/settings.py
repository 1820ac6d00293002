"""The settings of a trial: everything that makes one differ from another.

`PartialSettings` and `Axes` are made from `Settings`, so that a setting is described once: the
first has each of them or none, the second a list of values for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, create_model, model_validator

from experiments.foreign import ServerName
from experiments.strict import Strict

MOST_CONNECTIONS = 55_000
OPEN_LOADS = ("open_loop", "open_connections")
ENTRY = r"/[!-+\--~]*( +\d+(\.\d+)?)?"
"""A path, and its weight where there are several; a comma ends it."""
MOST_KINDS = 8
MIX = rf"^{ENTRY}( *, *{ENTRY})*$"

Connections = Annotated[int, Field(ge=0, le=60_000)]
Backlog = Annotated[int, Field(ge=1, le=65_535)]


Load = Literal["keep_alive", "connection_per_request", "open_loop", "open_connections"]


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
        "open loop over a pool of connections, or with a new one for each arrival",
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
    idle_connections: Connections = Field(0, description="Connections beside them")
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
    backlog: Backlog | None = Field(
        1_024, description="Argument of listen(); None is the own one of a foreign server"
    )
    somaxconn: Backlog = Field(4_096, description="net.core.somaxconn of the trial's pod")
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
    warm_up_s: Annotated[float, Field(ge=0, le=600)] = Field(
        0.3, description="Load before the window, in seconds"
    )
    window_s: Annotated[float, Field(ge=0.2, le=3_600)] = Field(
        2.0, description="Measured window, in seconds"
    )

    @property
    def open(self) -> bool:
        """Whether the load has a schedule."""
        return self.load in OPEN_LOADS

    @model_validator(mode="after")
    def _fits(self) -> Settings:
        together = (
            self.active_connections + self.idle_connections + self.slow_readers + self.slow_writers
        )
        if together > MOST_CONNECTIONS:
            raise ValueError(
                f"{self.active_connections:,} active and {self.idle_connections:,} idle "
                f"connections, with bad clients, are {together:,}; one address has ports for "
                f"{MOST_CONNECTIONS:,}"
            )
        return self

    @model_validator(mode="after")
    def _goes_together(self) -> Settings:
        several = "," in (self.path or "")
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


SERVER_FLAGS = (
    *("workers", "accepts_per_wakeup", "response_bytes", "split_writes", "cork", "nodelay"),
    *("epoll_exclusive", "idle_timeout_ms", "switch_interval_us", "thread_stack_bytes"),
)
"""Settings that are passed to the lab's own servers as flags, where they are given."""


def _each(wrap: Any) -> dict[str, Any]:
    """The fields of `Settings`, with `wrap` round the type of each, None by default."""
    fields: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        kind = (
            Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        )
        fields[name] = (wrap(kind), Field(None, description=field.description))
    return fields


if TYPE_CHECKING:

    class PartialSettings(Strict):
        """Some settings, the others left to the level above."""

    class Axes(Strict):
        """Settings with a list of values each; their product is the sweep."""

else:
    PartialSettings = create_model(
        "PartialSettings",
        __base__=Strict,
        __doc__="Some settings, the others left to the level above.",
        **_each(lambda kind: kind | None),
    )
    Axes = create_model(
        "Axes",
        __base__=Strict,
        __doc__="Settings with a list of values each; their product is the sweep.",
        **_each(lambda kind: Annotated[list[kind], Field(min_length=1)] | None),
    )
