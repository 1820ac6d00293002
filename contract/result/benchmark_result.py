"""The result of a trial without clients: what a benchmark in the server's container printed."""

from __future__ import annotations

from dataclasses import dataclass, field

from contract.result.document import OMITTED
from contract.result.pins import AskedPins
from contract.result.scalars import SignedInt


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Descriptors that an interface of readiness took."""

    descriptors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """What a benchmark of such an interface measured in its window."""

    turns: int
    window_ns: int
    waited_ns: int
    """In waits, with two readings of the clock each; 0 where they were not timed."""
    clock_ns: float
    """What those readings take."""
    bare_ns: float
    """A turn without its wait."""
    cpu_ns: int
    busy_ticks: SignedInt
    steal_ticks: SignedInt
    """Below 0 where the kernel's counter went back."""
    clock_ticks: int
    affinity: tuple[int, ...]
    core_loops_us: dict[str, float] = field(default_factory=dict)
    """A fixed loop on its core, `before` the warm-up and `after` the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Why a benchmark could not begin."""

    limit: str
    message: str
    value: int | None = field(default=None, metadata=OMITTED)
    server: str | None = field(default=None, metadata=OMITTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkResult:
    """The result of a trial without clients."""

    reason: str
    watched: Watched | None = field(default=None, metadata=OMITTED)
    measured: Turns | None = field(default=None, metadata=OMITTED)
    limit: Limit | None = field(default=None, metadata=OMITTED)
    asked: AskedPins | None = field(default=None, metadata=OMITTED)
