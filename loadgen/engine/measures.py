"""What goes into the engine and what comes out of it, as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from contract.request import IDEMPOTENT
from contract.result.window import Unanswered
from loadgen.answers.exact import ExactJudge
from loadgen.answers.framing import FramingJudge
from loadgen.answers.judge import Judge
from loadgen.answers.meaning import Meaning
from loadgen.engine.recorder import Counts

LONGER = 1_024
"""Bytes that an answer may be longer than the one that was learnt, and still be read at once."""

IN_FLIGHT = 64
"""Connections being opened at once by default: half of the shortest common backlog (128)."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, an answer to it as it was learnt, and how later ones are checked.

    Without a `meaning` every byte is compared but those at the `varying` places, each from and to:
    the value of a Date. With one, answers may differ in all that it does not tell.
    """

    request: bytes
    response: bytes
    varying: tuple[tuple[int, int], ...] = ()
    meaning: Meaning | None = None
    round_trip_us: int | None = None
    """The shortest that the kernel timed when it was learnt; None: unknown."""

    @property
    def method(self) -> str:
        """The request's: the answer to a HEAD has no body."""
        return self.request.split(maxsplit=1)[0].decode("latin-1")

    @property
    def idempotent(self) -> bool:
        """Whether the request may be sent again by itself (RFC 9110, 9.2.2)."""
        return self.method in IDEMPOTENT

    @property
    def path(self) -> str:
        """What the request asks for."""
        return self.request.split(maxsplit=2)[1].decode("latin-1")

    @property
    def room(self) -> int:
        """How many bytes an answer may have, and one more: so a read is never full."""
        return len(self.response) + (1 if self.meaning is None else LONGER)

    def judge(self) -> Judge:
        """A new judge of its answers, for one engine."""
        bodiless = self.request.startswith(b"HEAD ")
        if self.meaning is None:
            return ExactJudge(self.response, self.varying, bodiless=bodiless)
        return FramingJudge(self.response, self.meaning, bodiless=bodiless)


@dataclass(frozen=True, slots=True)
class Target:
    """What an engine loads: a server, by IPv4 address and port, and what is asked of it."""

    address: tuple[str, int]
    active: Exchange
    """What active connections exchange."""
    idle: Exchange | None = None
    """What connections exchange before they fall idle; None: the same."""
    in_flight: int = IN_FLIGHT


@dataclass(slots=True)
class Ends:
    """How the server ended connections that were to stay, without an error."""

    reconnects: int = 0
    """So many were replaced by new ones."""
    resent: int = 0
    """Requests that had been sent on them, and were sent again."""
    answered: Counter[int] = field(default_factory=Counter)
    """How many of them had answered so many requests."""


@dataclass(frozen=True, slots=True)
class IdleEnds:
    """How long idle connections had been silent, in us, when the server ended them."""

    closed_us: tuple[int, ...] = ()
    oldest_open_us: int = 0
    """The longest silence of one that is still established."""


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
    """CPU time of the whole process, Locust included: what the generator costs."""
    rss_bytes: int
    """Resident memory of the process, at the end of the window."""
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
    pending: dict[str, Counts] = field(default_factory=dict, repr=False)
    """Ages of all that a closed loop had under way; who has all workers' says what is overdue."""
    unanswered: Unanswered | None = None
    ends: Ends = field(default_factory=Ends)
