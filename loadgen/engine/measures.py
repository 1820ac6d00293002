"""What goes into the engine and what comes out of it, as plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from contract.result.window import Unanswered
from loadgen.engine.recorder import Counts


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and the exact bytes of the response to it.

    `varying` are the places of the response, each from and to, that change by
    themselves: the value of a Date. There alone another byte is no wrong answer.
    """

    request: bytes
    response: bytes
    varying: tuple[tuple[int, int], ...] = ()

    @property
    def path(self) -> str:
        """What the request asks for."""
        return self.request.split(maxsplit=2)[1].decode("latin-1")

    def renewed(self, data: bytes, at: int = 0) -> Exchange | None:
        """This exchange with `data` at place `at` of its response; None if that is a wrong one."""
        fresh = self.response[:at] + data + self.response[at + len(data) :]
        if len(fresh) != len(self.response) or not self.varying:
            return None
        before, after = bytearray(self.response), bytearray(fresh)
        for start, end in self.varying:
            before[start:end] = after[start:end] = bytes(end - start)
        return replace(self, response=fresh) if before == after else None


@dataclass(slots=True)
class Ticket:
    """A posted command: `done` once the engine has carried it out."""

    command: Callable[[], Any]
    done: bool = False
    value: Any = None


@dataclass(frozen=True, slots=True)
class WindowCounts:
    """What an engine counted in a window. A histogram is a snapshot: count by microseconds."""

    started_ns: int
    ended_ns: int
    cpu_ns: int
    """Processor time of the engine's thread."""
    process_cpu_ns: int
    """Of the whole process, Locust included: what the generator costs."""
    rss_bytes: int
    """Of the process, at the end of the window."""
    requests: int
    connects: int
    """Connections that were established in it."""
    errors: dict[str, int]
    covered: int
    segments_in: int | None
    longest_pause_us: int
    """The longest time in which the engine did not look at its connections."""
    rested_ns: int | None
    """Time in which an open loop's engine had nothing to do."""
    histograms: dict[str, Counts] = field(repr=False)
    censored: dict[str, Counts] = field(default_factory=dict, repr=False)
    """Ages of what had not ended, by the histogram that each belongs to but is not in."""
    unanswered: Unanswered | None = None
