"""An open loop's agenda: what is due, what waits for a free connection, how late the engine was."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator

from loadgen.measures import Unanswered
from loadgen.recorder import Recorder

NEVER_NS = 1 << 62
SPIN_NS = 1_500_000
"""epoll sleeps for whole milliseconds: what is due sooner is waited for with open eyes."""


class Arrivals:
    """`moments` yields ns after `begin`; everything else is in ns of the monotonic clock."""

    def __init__(self, moments: Iterator[int]) -> None:
        self._moments = moments
        self._begun = 0
        self.due = NEVER_NS
        self.waiting: deque[int] = deque()
        self.most_waiting = 0
        self.rested_ns = 0
        """Time in which the engine had nothing to do: it waits with open eyes, so that its
        processor time does not tell."""
        self.lag = Recorder()

    def begin(self) -> None:
        """The schedule starts now."""
        self._begun = time.perf_counter_ns()
        self.due = self._begun + next(self._moments)

    def open_window(self) -> None:
        """Forget what was recorded so far; what waits goes on waiting."""
        self.lag = Recorder()
        self.rested_ns = 0
        self.most_waiting = len(self.waiting)

    def take(self) -> int:
        """Return the moment that is due, and go on to the next."""
        due = self.due
        self.due = self._begun + next(self._moments)
        return due

    def wait(self, due: int) -> None:
        """No connection is free for what was due then."""
        self.waiting.append(due)
        self.count_waiting()

    def count_waiting(self) -> None:
        """Note how many wait now."""
        self.most_waiting = max(self.most_waiting, len(self.waiting))

    def unanswered(self, flying: Iterable[int]) -> Unanswered:
        """What has no answer yet: `flying` are the moments of requests on their way.

        A stall at the end of a window has no response that would tell of it. It may be the
        engine's own: then what was due in it has not even been taken.
        """
        now = time.perf_counter_ns()
        moments = [*flying, *self.waiting]
        while self.due <= now:
            moments.append(self.take())
        age_ns = now - min(moments) if moments else 0
        return Unanswered(len(moments), age_ns // 1_000, self.most_waiting)

    def sleep_s(self, now: int) -> float:
        """How long the engine may sleep; -1 is for ever."""
        if self.due == NEVER_NS:
            return -1
        return max(self.due - now - SPIN_NS, 0) / 1e9
