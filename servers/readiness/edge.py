"""The event loop of edge-triggered readiness: each change is told once, and never again.

What the kernel keeps for a level-triggered loop, the list of connections that are still ready,
this loop keeps itself. A connection is left alone only when the kernel has shown that there is no
more: by a read that brings less than it asked for, or by an error that means "try again" (epoll(7)
allows both). Until then it is unfinished, and is gone on with in the next turn, one read or write
each, so that a peer that sends without end takes its turn like all others.

The same holds for accepting. Accept less than everything, and forget it, and the rest waits for
somebody else to connect.
"""

from __future__ import annotations

import os
import select
from collections.abc import Iterable

from servers.core.events import EventLog
from servers.core.settings import Settings
from servers.http.responder import Ending
from servers.readiness.connection import Connection
from servers.readiness.loop import ReadinessServer
from servers.readiness.mechanism import Readiness

READY = select.EPOLLIN | select.EPOLLOUT
"""What a mechanism tells of a connection with input; one that knows no more may tell only this."""
WRITABLE = select.EPOLLOUT


class EdgeServer(ReadinessServer):
    """Serves all connections in the calling thread, by a `Readiness` that tells of changes alone.

    The second of its pairs are events of epoll: `READY`, `WRITABLE` (there is nothing to read),
    and more than that if a short read may not be the last one (EPOLLRDHUP: the end comes next).
    """

    def __init__(self, settings: Settings, log: EventLog, readiness: Readiness) -> None:
        super().__init__(settings, log, readiness)
        self._unfinished: set[int] = set()
        self._wait = self._wait_in_turns
        os.set_blocking(self._stop_signal.fd, False)  # it is read until it is empty, too

    def drop(self, fd: int) -> None:
        """Close a connection that may have something pending."""
        self._unfinished.discard(fd)
        super().drop(fd)

    def see_shut(self, fds: list[int]) -> None:
        """Read the end of their input: what a server does itself need not be told as a change."""
        self._unfinished.update(fds)

    def _wait_in_turns(self, ticks: float) -> Iterable[tuple[int, int]]:
        """Wait, unless something is unfinished; that is then due together with what is new."""
        if not self._unfinished:
            return self.readiness.wait(ticks)
        turn = dict.fromkeys(self._unfinished, READY)
        self._unfinished.clear()
        turn.update(self.readiness.wait(0.0))
        return turn.items()

    def _handle(self, ready: Iterable[tuple[int, int]]) -> None:
        special, answers, unfinished = self.special, self._answers, self._unfinished
        read, write, recv_bytes = os.read, self.write, self.settings.recv_bytes
        usual = READY
        for fd, events in ready:
            try:
                if fd in special or events == WRITABLE:
                    self._go_on(fd)
                    continue
                data = read(fd, recv_bytes)
                if events != usual or len(data) == recv_bytes:
                    unfinished.add(fd)
                answered = answers[data]
                if answered is None:
                    Connection(self, fd).receive(data)
                    if fd in special:
                        unfinished.add(fd)
                    continue
                output, ending = answered
                try:
                    sent = write(fd, output)
                except BlockingIOError:
                    sent = 0
                if ending or sent != len(output):
                    self._end_or_hold(fd, ending, output[sent:])
            except BlockingIOError:
                unfinished.discard(fd)  # there is no more; the next change will be told
            except Exception as error:
                self._failed(fd, error)

    def _go_on(self, fd: int) -> None:
        """Do what is pending; a connection with nothing pending, and no input, is a new one."""
        if fd in self.special:
            self._unfinished.add(fd)  # before the call, because drop() takes it out
            self.special[fd]()

    def _end_or_hold(self, fd: int, ending: Ending, unsent: bytes) -> None:
        if ending is Ending.CLOSE and not unsent:
            self._unfinished.discard(fd)
            self.readiness.close(fd)
            return
        self._unfinished.add(fd)  # to write, or to read, until the kernel says that it is enough
        if unsent:
            Connection(self, fd).hold(unsent, ending)
        else:
            Connection(self, fd).finish(ending)
