"""Open loop over a pool of connections, against a server that is told to end."""

from __future__ import annotations

import errno
import time

from loadgen.engine.engine import Engine
from loadgen.engine.measures import Target
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


def _build(server: VerifiedServer) -> Engine:
    return StoppingOpenLoop(server.target, server.arrivals())


LOAD = KindOfLoad(load="open_loop", build=_build, stops=True)
