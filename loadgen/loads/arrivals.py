"""An open loop's agenda: what is due, what waits for a free connection, how late the engine was."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator

from loadgen.engine.recorder import Recorder

NEVER_NS = 1 << 62
SPIN_NS = 1_500_000
"""epoll sleeps for whole milliseconds: what is due sooner is waited for with open eyes."""


class Arrivals:
    """`moments` yields ns after `begin`; `window`, if there is one, ns after the opening of the
    window, when it takes their place; everything else is in ns of the monotonic clock."""

    def __init__(self, moments: Iterator[int], window: Iterator[int] | None = None) -> None:
        self._moments = moments
        self._window = window
        self._begun = 0
        self.due = NEVER_NS
        self.waiting: deque[int] = deque()
        self.missed: list[int] = []
        """Due when the schedule ended, and not taken: by no fault but the engine's."""
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
        if self._window is not None:
            self._moments, self._window = self._window, None
            self.begin()

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

    def end(self) -> None:
        """The schedule ends now. A stall of the engine's own may have kept it from taking."""
        now = time.perf_counter_ns()
        while self.due <= now:
            self.missed.append(self.take())

    def sleep_s(self, now: int) -> float:
        """How long the engine may sleep; -1 is for ever."""
        if self.due == NEVER_NS:
            return -1
        return max(self.due - now - SPIN_NS, 0) / 1e9
