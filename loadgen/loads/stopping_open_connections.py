"""Open loop with a connection for each request, against a server that is told to end."""

from __future__ import annotations

import time

from loadgen.engine.engine import Engine
from loadgen.engine.measures import WindowCounts
from loadgen.engine.stop_log import StopLog
from loadgen.loads.kind import KindOfLoad, VerifiedServer
from loadgen.loads.open_connections import OpenConnections
from loadgen.loads.stopping import Stopping


class StoppingOpenConnections(Stopping, OpenConnections):
    """With a connection for each request."""

    _losing = False
    _gone_due = 0

    def go_on(self) -> WindowCounts:
        self._come(time.perf_counter_ns())  # who was due while the engine stood still
        return super().go_on()

    def _complete(self, fd: int) -> None:
        if self.stop_log:
            now = time.perf_counter_ns()
            self.stop_log.answer(self._left[fd], self._intended[fd], now)
        super()._complete(fd)

    def _lost(self, fd: int, code: int, kind: str | None = None) -> None:
        self._losing = True
        if self.stop_log and fd in self._client and not self._since[fd]:
            self.stop_log.lose(self._left[fd], time.perf_counter_ns())
        super()._lost(fd, code, kind)
        self._losing = False

    def _open(self, *, idle: bool) -> None:
        self._gone_due = self._due
        super()._open(idle=idle)

    def _gone(self, fd: int) -> None:
        self._gone_due = self._intended.get(fd, 0)
        super()._gone(fd)

    def _failed(self, code: int, *, idle: bool, kind: str | None = None) -> None:
        if self.stop_log and not idle and not self._losing:
            self.stop_log.leave_unsent(self._gone_due)
        super()._failed(code, idle=idle, kind=kind)

    def _end_log(self, log: StopLog) -> None:
        for fd in self._connecting.keys() & self._intended.keys():
            log.leave_unsent(self._intended[fd])
        standing = self._intended.keys() - self._connecting.keys()
        flying = [(self._left[fd], self._intended[fd]) for fd in standing if not self._since[fd]]
        log.end(flying, time.perf_counter_ns())


def _build(server: VerifiedServer) -> Engine:
    return StoppingOpenConnections(server.target, server.arrivals())


LOAD = KindOfLoad(load="open_connections", build=_build, stops=True)
