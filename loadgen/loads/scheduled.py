"""What the two open loops share: a schedule beside an engine, and what it adds to a window."""

from __future__ import annotations

import time

from contract.result.window import Unanswered
from loadgen.engine.engine import Engine
from loadgen.engine.measures import Target, WindowCounts
from loadgen.engine.recorder import Recorder
from loadgen.loads.arrivals import Arrivals


class Scheduled(Engine):
    """Sends what `arrivals` say, from `begin` on, a command. Goes before a kind of load."""

    _recurring: tuple[str, ...] = ()

    def __init__(self, target: Target, arrivals: Arrivals) -> None:
        super().__init__(target)
        self.service = Recorder()
        self.arrivals = arrivals

    def open_window(self) -> int:
        self.service = Recorder()
        self.arrivals.open_window()
        return super().open_window()

    def recorders(self) -> dict[str, Recorder]:
        return {**super().recorders(), "service": self.service, "lag": self.arrivals.lag}

    def begin(self) -> None:
        self.arrivals.begin()

    def freeze(self) -> WindowCounts:
        self.arrivals.end()
        return super().freeze()

    def unanswered(self) -> Unanswered:
        ages = self._ages(time.perf_counter_ns())["response"]
        return Unanswered(len(ages), max(ages, default=0), self.arrivals.most_waiting)

    def _ages(self, now: int) -> dict[str, list[int]]:
        """What was due and not sent waits too; with a free connection, the engine was late."""
        missed = self.arrivals.missed
        late = [(now - due) // 1_000 for due in (*self.arrivals.waiting, *missed)]
        sent = [(now - due) // 1_000 for due in self._flying()]
        lag = [(now - due) // 1_000 for due in missed] if self._is_free() else []
        return {**super()._ages(now), "response": [*sent, *late], "lag": lag}

    def _flying(self) -> list[int]:
        """When each of the requests was due that are on their way."""
        raise NotImplementedError

    def _is_free(self) -> bool:
        """Whether what is due could leave."""
        raise NotImplementedError

    def waiting(self) -> int:
        return len(self.arrivals.waiting)

    def _sleep_s(self, now: int) -> float:
        """How long epoll may sleep: until something is due, or for ever (-1)."""
        until_due, until_other = self.arrivals.sleep_s(now), self._timeout()
        if until_due < 0 or until_other < 0:
            return max(until_due, until_other)
        return min(until_due, until_other)

    def rested_ns(self) -> int:
        return self.arrivals.rested_ns
