"""A server that is told to end while an open loop goes on: what became of the requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from contract.result.distribution import Distribution

GRACE_S: Final = 10.0
"""A server that has not ended so long after it was told to is killed, as by `docker stop`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Counts of requests. *Lost* is what was sent and never had a right answer: its connection was
    closed or reset before, or a wrong one came."""

    told_ns: int
    """Moment of the monotonic clock at which the server was told to end."""
    had: int
    """Sent before, and without an answer then."""
    had_lost: int
    came: int
    """Sent afterwards."""
    came_lost: int
    under_way: int
    """Requests of both kinds without an answer as the load ended, on connections that stood."""
    unsent_ms: dict[str, int]
    """Those that could not be sent, as connections were refused or none was free: how many were
    due in each ms after `told_ns`; before it: in 0."""
    response: Distribution
    """Response times, from the intended moment, of what was answered since `told_ns`."""
    had_under_way: int | None = None
    """Those of `under_way` that were sent before; None: unknown, as in runs recorded before."""
    under_way_ms: dict[str, int] | None = None
    """How many of `under_way` had been due for so many whole ms as the load ended; None: unknown,
    as in runs recorded before."""

    @property
    def lost(self) -> int:
        """Requests lost, sent before the server was told to end or after."""
        return self.had_lost + self.came_lost

    @property
    def had_open(self) -> int:
        """How many of those sent before may be lost beside `had_lost`: at most, where it was not
        recorded which were under way."""
        if self.had_under_way is None:
            return min(self.under_way, self.had - self.had_lost)
        return self.had_under_way

    @property
    def came_open(self) -> int:
        """The same of those sent afterwards."""
        if self.had_under_way is None:
            return min(self.under_way, self.came - self.came_lost)
        return self.under_way - self.had_under_way

    def under_way_for(self, ms: float) -> int:
        """How many had been without an answer for at least so long as the load ended, of those of
        which that is known."""
        ages = self.under_way_ms or {}
        return sum(count for age, count in ages.items() if int(age) >= ms)

    def unsent_within(self, seconds: float) -> int:
        """How many of those that could not be sent were due so soon after it was told to end."""
        return sum(count for ms, count in self.unsent_ms.items() if int(ms) < seconds * 1_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The end of a server's container, by its engine."""

    after_s: float
    """Since it was told to."""
    exit_code: int
