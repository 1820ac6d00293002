"""The open loops against a server that is told to end: from the window's end each request is kept.

The load does what it always does. A request whose connection the server ends without a byte of its
answer is sent again where HTTP allows that (engine/reconnecting.py); so what counts as lost had no
answer there either.
"""

from __future__ import annotations

import errno
import time

from loadgen.engine.engine import Engine
from loadgen.engine.measures import Target, WindowCounts
from loadgen.engine.reconnecting import Carried
from loadgen.engine.stop_log import StopLog
from loadgen.loads.arrivals import Arrivals
from loadgen.loads.kind import KindOfLoad, VerifiedServer
from loadgen.loads.open_connections import OpenConnections
from loadgen.loads.open_loop import OpenLoop
from loadgen.loads.scheduled import Scheduled


class Stopping(Scheduled):
    """Goes on after its window, and keeps what becomes of each request."""

    stop_log: StopLog | None = None

    def go_on(self) -> WindowCounts:
        """The window ends and the load does not; a command."""
        self.stop_log = StopLog()
        return self.count()

    def end_log(self) -> StopLog:
        """After the freeze; a command."""
        if self.stop_log is None:
            raise ValueError("the window has not ended")
        for due in (*self.arrivals.waiting, *self.arrivals.missed):
            self.stop_log.leave_unsent(due)
        self._end_log(self.stop_log)
        return self.stop_log

    def _end_log(self, log: StopLog) -> None:
        """What is under way, or on its way to another connection."""
        raise NotImplementedError


class StoppingOpenLoop(Stopping, OpenLoop):
    """Over connections that stay."""

    def __init__(self, target: Target, arrivals: Arrivals) -> None:
        super().__init__(target, arrivals)
        # When those were due that wait for another connection, as the write to the last one failed.
        self._never_left: set[int] = set()

    def _complete(self, fd: int, now: int) -> None:
        if self.stop_log and not self._ready[fd]:
            self.stop_log.answer(self._since[fd], self._intended[fd], now)
        super()._complete(fd, now)

    def _whole(self, fd: int) -> None:
        asked = fd not in self._idle and self._intended[fd]
        if self.stop_log and asked and self._is_last(fd):  # others go the way of `_complete`
            self.stop_log.answer(self._since[fd], self._intended[fd], time.perf_counter_ns())
        super()._whole(fd)

    def _lost(self, fd: int, code: int, kind: str | None = None) -> None:
        if self.stop_log and fd in self._active and self._flies(fd):
            self.stop_log.lose(self._since[fd], time.perf_counter_ns())
        super()._lost(fd, code, kind)

    def _ended(self, fd: int, code: int = 0) -> None:
        if code == errno.EPIPE and fd in self._active and self._flies(fd):
            self._never_left.add(self._intended[fd])
        super()._ended(fd, code)

    def _established(self, fd: int, *, idle: bool) -> None:
        if carried := self._resumed.get(fd):
            self._never_left.discard(carried.due)
        super()._established(fd, idle=idle)

    def _gone(self, fd: int) -> None:
        if carried := self._resumed.get(fd):
            self._forsake(carried)  # the connection that it waited for was refused
        super()._gone(fd)

    def _forsake(self, carried: Carried) -> None:
        if not self.stop_log or not carried.due:
            return
        if carried.due in self._never_left:
            self.stop_log.leave_unsent(carried.due)
        else:
            self.stop_log.lose(carried.since, time.perf_counter_ns())

    def _end_log(self, log: StopLog) -> None:
        for carried in self._unresumed():
            self._forsake(carried)
        log.end(self._since[fd] for fd in self._active if self._flies(fd))


class StoppingOpenConnections(Stopping, OpenConnections):
    """With a connection for each request."""

    _losing = False
    _gone_due = 0

    def _complete(self, fd: int) -> None:
        if self.stop_log:
            now = time.perf_counter_ns()
            self.stop_log.answer(self._opened[fd], self._intended[fd], now)
        super()._complete(fd)

    def _lost(self, fd: int, code: int, kind: str | None = None) -> None:
        self._losing = True
        if self.stop_log and fd in self._client and not self._since[fd]:
            self.stop_log.lose(self._opened[fd], time.perf_counter_ns())
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
        log.end(self._opened[fd] for fd in standing if not self._since[fd])


def _build_staying(server: VerifiedServer) -> Engine:
    return StoppingOpenLoop(server.target, server.arrivals())


def _build_connecting(server: VerifiedServer) -> Engine:
    return StoppingOpenConnections(server.target, server.arrivals())


LOADS = (
    KindOfLoad(load="open_loop", build=_build_staying, stops=True),
    KindOfLoad(load="open_connections", build=_build_connecting, stops=True),
)
