"""What a server was seen to do with single requests, by hand as it were: its habits of HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Ending = Literal["kept", "closed", "reset", "open"]
"""What became of a connection after its answers: `kept`: a plain request on it was answered;
`open`: it was not, and nobody closed it."""
Moment = Literal["answered", "silent", "head"]
"""When a client fell silent: after an answer, before its first byte, or inside a head."""


@dataclass(frozen=True, slots=True)
class CaseSeen:
    """What came of what was sent on one connection: the status of each answer in order, interim
    ones included; and `said`, the first bytes of what is no answer of HTTP/1."""

    statuses: tuple[int, ...]
    ending: Ending
    said: str = ""

    @property
    def final(self) -> int:
        """The status of its first answer that is not interim; 0 without one."""
        return next((one for one in self.statuses if one >= 200), 0)

    @property
    def ended(self) -> bool:
        """Whether the server closed the connection, gracefully or not."""
        return self.ending in ("closed", "reset")


@dataclass(frozen=True, slots=True)
class Silence:
    """How long a silent client was borne: until the server closed its connection, with an answer
    of this `status` before if it is not 0; None: longer than somebody watched."""

    closed_after_s: float | None
    status: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """`reason` says why not all was asked, if so; what was not is not there."""

    reason: str = ""
    deaf: bool = False
    """Whether it took no connection any more; `reason` says after what. False also where something
    else than the server may have been why, and in records of earlier versions."""
    cases: dict[str, CaseSeen] = field(default_factory=dict)
    """By their names in contract/habits/cases.py."""
    requests_asked: int = 0
    """On one connection, one after the other, at most."""
    requests_answered: int = 0
    """How many of those were, as the plain request is, before the first that was not."""
    requests_status: int = 0
    """Status of the answer to that one; 0 where there was none, or none of HTTP/1."""
    requests_open: bool = False
    """Whether that one was left without a whole answer in time on a connection that stayed open;
    False also in records of earlier versions."""
    pipelined: int = 0
    """In one write; how many of them were answered is among the cases."""
    watched_s: float = 0.0
    """How long silent connections were watched."""
    crowded: bool = False
    """Whether a request was not answered while all silent connections were there: then only the
    first of them was watched."""
    silences: dict[str, Silence] = field(default_factory=dict)
    """By moments."""
