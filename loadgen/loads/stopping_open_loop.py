"""Open loop over a pool of connections, against a server that is told to end."""

from __future__ import annotations

import errno
import time

from loadgen.engine.engine import Engine
from loadgen.engine.measures import Ends, Target, WindowCounts
from loadgen.engine.reconnecting import Carried
from loadgen.engine.stop_log import StopLog
from loadgen.loads.arrivals import Arrivals
from loadgen.loads.kind import KindOfLoad, VerifiedServer
from loadgen.loads.open_loop import OpenLoop
from loadgen.loads.stopping import Stopping


class StoppingOpenLoop(Stopping, OpenLoop):
    """Over connections that stay."""

    def __init__(self, target: Target, arrivals: Arrivals) -> None:
        super().__init__(target, arrivals)
        # Of requests that wait for another connection, by when they were due: when they had left.
        # None of one that never did, as the write to the last connection failed.
        self._left_before: dict[int, int | None] = {}

    def go_on(self) -> WindowCounts:
        self._send_due(time.perf_counter_ns())  # what was due while the engine stood still
        counts = super().go_on()
        self._ends = Ends()  # what the server ends from now on is none of the window's
        return counts

    def _send(self, fd: int, due: int, now: int) -> None:
        self._left[fd] = now
        super()._send(fd, due, now)
        self._left[fd] = time.perf_counter_ns()

    def _complete(self, fd: int, now: int) -> None:
        if self.stop_log and not self._ready[fd]:
            self.stop_log.answer(self._left[fd], self._intended[fd], now)
        super()._complete(fd, now)

    def _whole(self, fd: int) -> None:
        asked = fd not in self._idle and self._intended[fd]
        if self.stop_log and asked and self._is_last(fd):  # others go the way of `_complete`
            self.stop_log.answer(self._left[fd], self._intended[fd], time.perf_counter_ns())
        super()._whole(fd)

    def _lost(self, fd: int, code: int, kind: str | None = None) -> None:
        if self.stop_log and fd in self._active and self._flies(fd):
            self.stop_log.lose(self._left[fd], time.perf_counter_ns())
        super()._lost(fd, code, kind)

    def _ended(self, fd: int, code: int = 0) -> None:
        if fd in self._active and self._flies(fd):
            never = code == errno.EPIPE
            self._left_before[self._intended[fd]] = None if never else self._left[fd]
        super()._ended(fd, code)

    def _established(self, fd: int, *, idle: bool) -> None:
        carried = self._resumed.get(fd)
        super()._established(fd, idle=idle)
        left = self._left_before.pop(carried.due, None) if carried else None
        if left is not None:
            self._left[fd] = left  # it was sent before

    def _gone(self, fd: int) -> None:
        if carried := self._resumed.get(fd):
            self._forsake(carried)  # the connection that it waited for was refused
        super()._gone(fd)

    def _forsake(self, carried: Carried) -> None:
        if not self.stop_log or not carried.due:
            return
        left = self._left_before.pop(carried.due, None)
        if left is None:
            self.stop_log.leave_unsent(carried.due)
        else:
            self.stop_log.lose(left, time.perf_counter_ns())

    def _end_log(self, log: StopLog) -> None:
        for carried in self._unresumed():
            self._forsake(carried)
        flying = [(self._left[fd], self._intended[fd]) for fd in self._active if self._flies(fd)]
        log.end(flying, time.perf_counter_ns())


def _build(server: VerifiedServer) -> Engine:
    return StoppingOpenLoop(server.target, server.arrivals())


LOAD = KindOfLoad(load="open_loop", build=_build, stops=True)
