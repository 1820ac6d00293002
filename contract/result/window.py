"""What a window counted and measured, of one load worker or of all together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from contract.result.distribution import (
    Distribution,
    distributions_from_json,
    distributions_to_json,
)
from contract.result.document import OMITTED, as_object, fields_from_json, fields_to_json


@dataclass(frozen=True, slots=True)
class Gauges:
    """Connections as they stood at one moment."""

    idle_established: int
    idle_failed: int
    active_established: int
    active_wanted: int
    connecting: int


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An open loop's requests that were due and had no answer."""

    count: int
    oldest_us: int
    most_waiting: int
    """The longest queue for a free connection in the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Moments are ns of the monotonic clock of the server's machine, as those of its samples."""

    started_ns: int
    ended_ns: int
    window_s: float
    """Mean of the workers' windows, so that the rate is the sum of theirs."""
    skew_us: float
    """How far apart the workers opened or closed their windows."""
    cpu_ns: int
    """Processor time of the engines' threads."""
    cpu_share: float
    """Share of the busiest core that engines used."""
    process_cpu_ns: int
    """CPU time of the whole processes, Locust included: what the generator costs."""
    rss_bytes: int
    """Resident memory of the processes, at the end of the window."""
    requests: int
    connects: int
    """Connections that were established in it."""
    errors: dict[str, int]
    """Failed attempts by kind."""
    covered: int
    """Active connections with at least one response."""
    segments_in: int | None
    """Segments received on active connections, where that can be known."""
    longest_pause_us: int
    """The longest time in which an engine did not look at its connections."""
    rested_ns: int | None
    """Time in which the engine of an open loop with the least rest had nothing to do."""
    unanswered: Unanswered | None
    """None for a closed loop."""
    reconnects: int = 0
    """Connections that were to stay, ended by the server without an error, and opened again."""
    resent: int = 0
    """Requests that such an end left without an answer, and that were sent again."""
    requests_per_connection: dict[str, int] = field(default_factory=dict)
    """How many of those connections had answered so many requests."""
    pending: dict[str, dict[int, int]] | None = field(default=None, metadata=OMITTED)
    """One worker's alone: ages in us of what a closed loop had under way, which are in no
    distribution yet."""
    distributions: dict[str, Distribution]
    """`response` (from the intended moment in an open loop), `service`, `connect`,
    `first_response`, `lag`; each kind of a mix as `response PATH`."""

    def to_document(self) -> dict[str, Any]:
        """Distributions side by side with the rest."""
        return fields_to_json(self, "distributions") | distributions_to_json(self.distributions)

    @classmethod
    def from_document(cls, data: object) -> Window:
        """Raises DocumentError."""
        document = as_object(data)
        counted = fields_from_json(cls, document, "distributions")
        return cls(**counted, distributions=distributions_from_json(document))
