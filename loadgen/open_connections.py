"""Open loop with a new connection for each arrival: clients who come once, whether or not the
server keeps up.

`want_active` is the most that may be under way at once; what is due beyond that waits, and its
wait counts. The response time runs from the moment when the client was meant to come, the service
time from connect(). An attempt that fails is an error and not tried again.
"""

from __future__ import annotations

import os
import time
from select import EPOLLOUT, EPOLLRDHUP

from loadgen.arrivals import Arrivals
from loadgen.connection_per_request import MAX_EVENTS, ConnectionPerRequest
from loadgen.connections import IN_FLIGHT
from loadgen.engine import RECV_BYTES
from loadgen.measures import Exchange, Unanswered
from loadgen.recorder import Recorder


class OpenConnections(ConnectionPerRequest):
    """Each arrival of the schedule opens a connection, asks once, and reads until the end."""

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
        self._due = 0  # of the arrival that is being opened
        self._intended: dict[int, int] = {}

    def want_active(self, count: int) -> None:
        self._free.extend(range(self._clients, count))
        self._clients = max(self._clients, count)
        self._active_wanted = count

    def open_window(self) -> int:
        self.service = Recorder()
        self.arrivals.open_window()
        return super().open_window()

    def recorders(self) -> dict[str, Recorder]:
        return {
            **super().recorders(),
            "first_response": self.service,
            "service": self.service,
            "lag": self.arrivals.lag,
        }

    def begin(self) -> None:
        self.arrivals.begin()

    def waiting(self) -> int:
        return len(self.arrivals.waiting)

    def rested_ns(self) -> int:
        return self.arrivals.rested_ns

    def unanswered(self) -> Unanswered:
        return self.arrivals.unanswered(
            due for fd, due in self._intended.items() if not self._since[fd]
        )

    def _opening(self, fd: int) -> None:
        super()._opening(fd)
        self._intended[fd] = self._due

    def _gone(self, fd: int) -> None:
        super()._gone(fd)
        self._intended.pop(fd, None)

    def _drive(self) -> None:
        read, clock, arrivals = os.read, time.perf_counter_ns, self.arrivals
        poll, active = self._epoll.poll, self._active
        expected, partial = self.active_exchange.response, self._partial
        while not self._interrupted:
            now = clock()
            if arrivals.due <= now or arrivals.waiting:
                now = self._come(now)
            events = poll(arrivals.sleep_s(now, retrying=False), MAX_EVENTS)
            began = clock()
            if not events:
                arrivals.rested_ns += began - now
            for fd, event in events:
                if event & EPOLLOUT and fd in self._connecting:
                    self._connected(fd)
                    continue
                try:
                    data = read(fd, RECV_BYTES)
                except BlockingIOError:
                    continue  # a stale event, of a connection that had this number before
                except OSError as error:
                    self._refused(fd, error.errno or 0)
                    continue
                if data == expected and fd in active and not partial:
                    self._complete(fd)
                    if event & EPOLLRDHUP:
                        self._next(fd)
                else:
                    self._unusual(fd, event, data)
                    expected = self.active_exchange.response
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
