"""Open loop with a new connection for each arrival: clients who come once, whether or not the
server keeps up.

`want_active` is the most that may be under way at once; what is due beyond that waits, and its
wait counts. The response time runs from the moment when the client was meant to come, the service
time from connect(). An attempt that fails is an error and not tried again.
"""

from __future__ import annotations

import time

from loadgen.engine.engine import Engine
from loadgen.engine.measures import Target
from loadgen.engine.recorder import Recorder
from loadgen.loads.arrivals import Arrivals
from loadgen.loads.connection_per_request import MAX_EVENTS, ConnectionPerRequest
from loadgen.loads.kind import KindOfLoad, VerifiedServer
from loadgen.loads.scheduled import Scheduled


class OpenConnections(Scheduled, ConnectionPerRequest):
    """Each arrival of the schedule opens a connection, asks once, and reads until the end."""

    def __init__(self, target: Target, arrivals: Arrivals) -> None:
        super().__init__(target, arrivals)
        self._due = 0  # of the arrival that is being opened
        self._intended: dict[int, int] = {}

    def want_active(self, count: int) -> None:
        self._free.extend(range(self._clients, count))
        self._clients = max(self._clients, count)
        self._active_wanted = count

    def recorders(self) -> dict[str, Recorder]:
        return {**super().recorders(), "first_response": self.service}

    def _ages(self, now: int) -> dict[str, list[int]]:
        sent = [(now - self._opened[fd]) // 1_000 for fd in self._client if not self._since[fd]]
        return {**super()._ages(now), "service": sent, "first_response": sent}

    def _flying(self) -> list[int]:
        return [due for fd, due in self._intended.items() if not self._since[fd]]

    def _is_free(self) -> bool:
        return len(self._client) < self._active_wanted

    def _opening(self, fd: int) -> None:
        super()._opening(fd)
        self._intended[fd] = self._due

    def _gone(self, fd: int) -> None:
        super()._gone(fd)
        self._intended.pop(fd, None)

    def _drive(self) -> None:
        poll, clock, arrivals = self._epoll.poll, time.perf_counter_ns, self.arrivals
        while not self._interrupted:
            now = clock()
            if arrivals.due <= now or arrivals.waiting:
                now = self._come(now)
            events = poll(self._sleep_s(now), MAX_EVENTS)
            began = clock()
            if not events:
                arrivals.rested_ns += began - now
            self._handle(events)
            self._end_batch(began)

    def _come(self, now: int) -> int:
        """Open connections for all who are due and may be under way; return the time after it."""
        arrivals = self.arrivals
        while arrivals.due <= now:
            due = arrivals.take()
            if len(self._client) + len(arrivals.waiting) < self._active_wanted:
                arrivals.lag.add((now - due) // 1_000)
            arrivals.waiting.append(due)
        while arrivals.waiting and len(self._client) < self._active_wanted:
            self._due = arrivals.waiting.popleft()
            self._open(idle=False)
        arrivals.count_waiting()
        return time.perf_counter_ns()

    def _complete(self, fd: int) -> None:
        now = time.perf_counter_ns()
        us = (now - self._opened[fd]) // 1_000
        self.service.add(us)
        self.response.add((now - self._intended[fd]) // 1_000)
        self._served[self._client[fd]] = now
        self._since[fd] = now

    def _next(self, fd: int) -> None:
        self._discard(fd, idle=False)

    def _failed(self, code: int, *, idle: bool, kind: str | None = None) -> None:
        super()._failed(code, idle=idle, kind=kind)
        self._retry.clear()


def _build(server: VerifiedServer) -> Engine:
    return OpenConnections(server.target, server.arrivals())


LOAD = KindOfLoad(load="open_connections", build=_build)
