"""What the two open loops share: a schedule beside an engine, and what it adds to a window."""

from __future__ import annotations

from loadgen.arrivals import Arrivals
from loadgen.connections import IN_FLIGHT
from loadgen.engine import Engine
from loadgen.measures import Exchange
from loadgen.recorder import Recorder


class Scheduled(Engine):
    """Sends what `arrivals` say, from `begin` on, a command. Goes before a kind of load."""

    def __init__(
        self,
        address: tuple[str, int],
        active: Exchange,
        arrivals: Arrivals,
        idle: Exchange | None = None,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        super().__init__(address, active, idle, in_flight)
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
