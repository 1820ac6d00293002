"""The event loop of select, poll and epoll: one thread, many connections, nothing ever blocks.

The mechanism that says which descriptors are ready is a `Readiness`; everything else is here, so
that the variants differ in the mechanism alone. The path of a usual request is one loop body
without a function call in Python: read, look the answer up, write at once. A connection has no
object of its own: between two requests there is nothing to remember, so its descriptor is enough.
Only when a request comes in pieces, or a response does not fit into the socket's buffer, a
`Connection` (connection.py) stands in for as long as that lasts.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator

from servers.core.events import EventLog
from servers.core.idle_timeout import IdleCheck
from servers.core.listener import Acceptor, is_shut, open_listener
from servers.core.settings import Settings
from servers.core.shutdown import LINGER_S, StopSignal, shut
from servers.core.writing import make_write
from servers.http.responder import Ending, ResponseCache
from servers.http.routes import Routes
from servers.readiness.connection import Connection
from servers.readiness.mechanism import FOREVER, LimitReachedError, Readiness

SWEEP_S = 0.05  # between two looks at deadlines, while there are any


class ReadinessServer:
    """Serves all connections in the calling thread."""

    def __init__(
        self,
        settings: Settings,
        log: EventLog,
        readiness: Readiness,
        listener: socket.socket | None = None,
        routes: Routes | None = None,
        all_stop: Callable[[], bool] | None = None,
    ) -> None:
        """Listen; or use a non-blocking listener, which somebody else tells about then, and the
        routes of other processes. Where they share the listener, `all_stop` says whether all of
        them have to stop, and it may be shut for all.
        """
        self.settings = settings
        self.readiness = readiness
        # Descriptors that need more than an answer: the listener, the signal, and connections
        # with something pending. What is not in here is a connection between two requests.
        self.special: dict[int, Callable[[], None]] = {}
        self.unsent: set[int] = set()  # connections with output that the peer has not taken
        self.busy: set[int] = set()  # connections that wait for work that is not the loop's
        self._deadlines: dict[int, float] = {}  # of lingering connections, oldest first
        self._log = log
        self.routes = routes or Routes(settings)
        self.write = make_write(settings)
        self._answers = ResponseCache(self.routes)
        self._listener = listener or open_listener(settings, blocking=False)
        self._tells = listener is None
        self._all_stop = all_stop
        self._acceptor = Acceptor(self._listener, log)
        self.accepted = 0  # connections so far
        self._stop_signal = StopSignal()
        self._grace_deadline: float | None = None
        self._at_rest = False  # the last wait told of nothing
        self._own = {self._listener.fileno(): self._accept, self._stop_signal.fd: self._stop}
        for fd, handler in self._own.items():
            readiness.watch(fd)
            self.special[fd] = handler
        self._wait: Callable[[float], Iterable[tuple[int, int]]] = readiness.wait

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then until what is in flight has ended."""
        if self._tells:
            self._log.listening(self._listener.getsockname()[1], self.settings.backlog)
        wait, handle = self._wait, self._handle
        ticks = self.readiness.ticks_per_s
        idle = IdleCheck(self.settings.idle_timeout_ms, self.busy)
        look_ticks = idle.interval_s * ticks if idle.interval_s else FOREVER
        while not self._ended():
            if self._deadlines or self.stopping:
                handle(self._noted(wait(SWEEP_S * ticks if self._in_flight else 0.0)))
                self._drop_overdue()
            else:
                handle(wait(look_ticks))
            if idle.interval_s:
                self.see_shut(idle.look())

    def _noted(self, ready: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Pass on what is ready, one by one, and note whether there was anything."""
        self._at_rest = True
        for one in ready:
            self._at_rest = False
            yield one

    def see_shut(self, fds: list[int]) -> None:
        """Take note of connections that were shut for being idle: as a rule the end of their
        input is told like any other.
        """

    def _handle(self, ready: Iterable[tuple[int, int]]) -> None:
        special, answers, close = self.special, self._answers, self.readiness.close
        read, write, recv_bytes = os.read, self.write, self.settings.recv_bytes
        goes_on, closes = Ending.OPEN, Ending.CLOSE
        for fd, _ in ready:
            try:
                if fd in special:
                    special[fd]()
                    continue
                data = read(fd, recv_bytes)
                answered = answers[data]
                if answered is None:
                    self.stand_in(fd).receive(data)
                    continue
                output, ending = answered
                try:
                    sent = write(fd, output)
                except BlockingIOError:
                    sent = 0
                if sent != len(output):
                    Connection(self, fd).hold(output[sent:], ending)
                elif ending is goes_on:
                    continue
                elif ending is closes:
                    close(fd)
                else:
                    Connection(self, fd).finish(ending)
            except BlockingIOError:
                continue  # a stale event, or the accept queue is empty
            except Exception as error:
                self._failed(fd, error)

    def _failed(self, fd: int, error: Exception) -> None:
        """End the connection that an exception came from; every other one goes on."""
        if fd in self._own:
            if self._all_stop is None or not is_shut(error):
                raise error
            self._accept_no_more()  # another was told before: the signal is on its way
            return
        if not isinstance(error, OSError):  # an OSError is the peer's: reset, gone
            self._log.fault(error)
        self.drop(fd)

    def stand_in(self, fd: int) -> Connection:
        """Return what stands in for a connection whose requests need more than an answer."""
        return Connection(self, fd)

    def drop(self, fd: int) -> None:
        """Close a connection that may have something pending."""
        self.special.pop(fd, None)
        self.unsent.discard(fd)
        self._deadlines.pop(fd, None)
        self.readiness.close(fd)

    def expect_end(self, fd: int) -> None:
        """Close a connection in a while, unless its peer does so before."""
        self._deadlines[fd] = time.monotonic() + LINGER_S

    @property
    def stopping(self) -> bool:
        """Whether the server has been told to stop."""
        return self._grace_deadline is not None

    def _accept(self, most: int = 0) -> None:
        # Its BlockingIOError, when nothing is waiting any more, ends this wake-up.
        for fd in self._acceptor.arrivals(most or self.settings.accepts_per_wakeup):
            self.accepted += 1
            try:
                os.set_blocking(fd, False)
                self.readiness.watch(fd)
            except LimitReachedError as limit:
                self._log.limit(limit.limit, limit.value, limit.message)
                os.close(fd)

    def _stop(self) -> None:
        self._stop_signal.take()
        self._at_rest = False
        grace_s = 0.0 if self.stopping else self.settings.grace_ms / 1000  # a second signal: now
        if not self.stopping:
            self._accept_no_more()
            self._answers.end()  # so that each connection ends with its next response
        self._grace_deadline = time.monotonic() + grace_s

    def _accept_no_more(self) -> None:
        listener = self._listener.fileno()
        if listener not in self._own:
            return  # it has been closed already
        with contextlib.suppress(OSError):  # nothing waits any more, or it is of no use any more
            self._accept(self.settings.backlog + 1)  # whoever waits would be reset
        self.readiness.forget(listener)
        # The same call of wait() may have told of the listener too. Nothing is accepted any more,
        # so its number will not come to stand for a connection.
        self.special[listener] = _nothing_waits
        del self._own[listener]
        if self._all_stop is not None and self._all_stop():
            # A process that is at work hears of the signal later, and has it open until then.
            shut(listener, socket.SHUT_RDWR)
        self._listener.close()

    @property
    def _in_flight(self) -> bool:
        return bool(self.unsent or self.busy or self._deadlines)

    def _ended(self) -> bool:
        """Whether all has been answered that had come, or the grace time is over."""
        if self._grace_deadline is None:
            return False
        done = self._at_rest and not self._in_flight
        return done or time.monotonic() >= self._grace_deadline

    def _drop_overdue(self) -> None:
        now = time.monotonic()
        for fd in [fd for fd, deadline in self._deadlines.items() if deadline <= now]:
            self.drop(fd)


def _nothing_waits() -> None:
    raise BlockingIOError
