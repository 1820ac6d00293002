"""What goes into the engine and what comes out of it, as plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and the exact bytes of the response to it."""

    request: bytes
    response: bytes


@dataclass(slots=True)
class Ticket:
    """A posted command: `done` once the engine has carried it out."""

    command: Callable[[], Any]
    done: bool = False
    value: Any = None


@dataclass(frozen=True, slots=True)
class Gauges:
    """Connections as they stand now."""

    idle_established: int
    idle_failed: int
    active_established: int
    active_wanted: int
    connecting: int


@dataclass(frozen=True, slots=True)
class Window:
    """What one window counted. Durations are snapshots: count by microseconds."""

    started_ns: int
    ended_ns: int
    cpu_ns: int
    requests: int
    errors: dict[str, int]
    covered: int
    segments_in: int | None
    response: dict[int, int] = field(repr=False)
    connect: dict[int, int] = field(repr=False)
    first_response: dict[int, int] = field(repr=False)
