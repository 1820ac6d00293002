"""What an experiment file may say: a description per key, and types to hold it.

Settings may stand at the top, for all sweeps, or in a sweep, which wins; a
sweep's axes expand by product. `load.py` reads files and reports errors.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from experiments.foreign import Foreign, ServerName
from experiments.strict import Strict

Connections = Annotated[int, Field(ge=0, le=60_000)]
Backlog = Annotated[int, Field(ge=1, le=65_535)]
MOST_CONNECTIONS = 55_000
Load = Literal["keep_alive", "connection_per_request"]
Network = Literal["pod", "bridge"]


class Settings(Strict):
    """Everything that makes one trial differ from another; the same names in trials.csv."""

    server: ServerName = Field(
        "epoll_level",
        description="A file of servers/variants/, an entry of `servers`, or a reference",
    )
    network: Network = Field(
        "pod", description="Path: the load joins the server's namespace, or crosses a bridge"
    )
    load: Load = Field("keep_alive", description="Kind of load")
    active_connections: Annotated[int, Field(ge=1, le=60_000)] = Field(
        64, description="Connections that send requests, each one at a time"
    )
    idle_connections: Connections = Field(
        0, description="Connections that send one request and then stay silent"
    )
    backlog: Backlog | None = Field(
        1_024, description="Argument of listen(); None is the own one of a foreign server"
    )
    somaxconn: Backlog = Field(4_096, description="net.core.somaxconn of the trial's pod")
    server_cpu_quota: Annotated[float, Field(ge=0.5, le=1)] | None = Field(
        None, description="Cores the server may use, as a quota with a 2 ms period; one if absent"
    )
    warm_up_s: Annotated[float, Field(ge=0, le=600)] = Field(
        0.3, description="Load before the window, in seconds"
    )
    window_s: Annotated[float, Field(ge=0.2, le=3_600)] = Field(
        2.0, description="Measured window, in seconds"
    )

    @model_validator(mode="after")
    def _fits(self) -> Settings:
        together = self.active_connections + self.idle_connections
        if together > MOST_CONNECTIONS:
            raise ValueError(
                f"{self.active_connections:,} active and {self.idle_connections:,} idle "
                f"connections are {together:,}; one address has ports for {MOST_CONNECTIONS:,}"
            )
        return self


class PartialSettings(Strict):
    """Some settings, the others left to the level above."""

    server: ServerName | None = None
    network: Network | None = None
    load: Load | None = None
    active_connections: Annotated[int, Field(ge=1, le=60_000)] | None = None
    idle_connections: Connections | None = None
    backlog: Backlog | None = None
    somaxconn: Backlog | None = None
    server_cpu_quota: Annotated[float, Field(ge=0.5, le=1)] | None = None
    warm_up_s: Annotated[float, Field(ge=0, le=600)] | None = None
    window_s: Annotated[float, Field(ge=0.2, le=3_600)] | None = None


class Axes(Strict):
    """Settings with a list of values each; their product is the sweep."""

    server: list[ServerName] | None = Field(None, min_length=1)
    network: list[Network] | None = Field(None, min_length=1)
    load: list[Load] | None = Field(None, min_length=1)
    active_connections: list[Annotated[int, Field(ge=1, le=60_000)]] | None = Field(
        None, min_length=1
    )
    idle_connections: list[Connections] | None = Field(None, min_length=1)
    backlog: list[Backlog] | None = Field(None, min_length=1)
    somaxconn: list[Backlog] | None = Field(None, min_length=1)
    server_cpu_quota: list[Annotated[float, Field(ge=0.5, le=1)]] | None = Field(None, min_length=1)


class Sweep(Strict):
    """A part of an experiment: axes to cross, and settings that hold for all its trials."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = Field(
        description="Name of the sweep, a word"
    )
    axes: Axes = Field(default_factory=Axes, description="Settings to sweep, each with its values")
    settings: PartialSettings = Field(
        default_factory=PartialSettings, description="Settings fixed for this sweep"
    )

    @model_validator(mode="after")
    def _not_both(self) -> Sweep:
        both = sorted(self.axes.model_fields_set & self.settings.model_fields_set)
        if both:
            raise ValueError(f"{', '.join(both)}: both an axis and a fixed setting; keep one")
        return self


class Experiment(Strict):
    """One file of experiments/."""

    question: Annotated[str, Field(min_length=1)] = Field(
        description="What the experiment asks, in a sentence"
    )
    repeats: Annotated[int, Field(ge=1, le=1_000)] = Field(
        3, description="Blocks: each runs every trial once, shuffled"
    )
    seed: Annotated[int, Field(ge=0)] = Field(1, description="Seed of the shuffle")
    reference: bool = Field(
        True,
        description="Open and close every block with the reference trial (the A/A noise floor)",
    )
    servers: list[Foreign] = Field(
        default_factory=list,
        description="Images to load like the lab's own servers; a sweep that names no server "
        "runs them beside epoll_level",
    )
    references: bool = Field(
        False, description="Add nginx, gunicorn, uvicorn and granian wherever servers are compared"
    )
    settings: PartialSettings = Field(
        default_factory=PartialSettings, description="Settings fixed for all sweeps"
    )
    sweeps: Annotated[list[Sweep], Field(min_length=1)] = Field(
        description="Parts of the experiment"
    )
    figures: list[str] = Field(
        default_factory=list, description="Figures of the report, in order; all that fit if empty"
    )
    claims: list[int] = Field(
        default_factory=list, description="Claims that this experiment judges, by number"
    )

    @model_validator(mode="after")
    def _unique(self) -> Experiment:
        names = [sweep.name for sweep in self.sweeps]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two sweeps are named {', '.join(twice)}; give each its own name")
        servers = [server.name for server in self.servers]
        twice = sorted({name for name in servers if servers.count(name) > 1})
        if twice:
            raise ValueError(f"two servers are named {', '.join(twice)}; give each its own name")
        if "reference" in names:
            raise ValueError("a sweep may not be named reference; that is the noise floor's name")
        return self
