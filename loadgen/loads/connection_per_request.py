"""Closed loop, a connection per request: HTTP/1.0 without keep-alive, as `ab` does.

Each client opens a connection, sends one request, reads the response until the
server closes, and begins again. The response time runs from connect() to the
last byte, so that a dropped SYN shows in it. The server closes first, so that
the TIME_WAIT states are its own and no client port is used up.
"""

from __future__ import annotations

import _socket
import errno
import os
import time
from collections import Counter, deque
from select import EPOLLOUT, EPOLLRDHUP

from loadgen.engine.connections import ARRIVALS
from loadgen.engine.engine import Engine
from loadgen.engine.measures import Target
from loadgen.engine.recorder import Recorder
from loadgen.engine.sockets import NON_BLOCKING_STREAM
from loadgen.loads.kind import KindOfLoad, VerifiedServer

MAX_EVENTS = 256
NOT_CLOSED_S = 1.0
"""After the answer: a server that closes does so at once, and one that is busy soon. The client of
a connection that stays waits for its end, and asks nothing more."""


class ConnectionPerRequest(Engine):
    """As many clients as active connections are wanted, each with one request at a time."""

    _recurring: tuple[str, ...] = ("connect", "first_response", "response")

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._clients = 0
        self._free: deque[int] = deque()
        self._client: dict[int, int] = {}
        self._served: dict[int, int] = {}

    def want_active(self, count: int) -> None:
        self._free.extend(range(self._clients, count))
        self._clients = max(self._clients, count)
        super().want_active(count)

    def open_window(self) -> int:
        self.connect = Recorder()
        self.first_response = Recorder()
        return super().open_window()

    def _ages(self, now: int) -> dict[str, list[int]]:
        waiting = [(now - self._opened[fd]) // 1_000 for fd in self._client if not self._since[fd]]
        return {**super()._ages(now), "response": waiting, "first_response": waiting}

    def _without_end(self, _now: int) -> Counter[str]:
        limit = _now - int(NOT_CLOSED_S * 1e9)
        waiting = sum(0 < self._since[fd] < limit for fd in self._active)
        return Counter({"not_closed": waiting} if waiting else {})

    def _owed(self, fd: int) -> int:
        return int(self._asked(fd))

    def _asked(self, fd: int) -> bool:
        """Once: whoever has the answer waits for the end alone."""
        return super()._asked(fd) and not self._since[fd]

    def _opening(self, fd: int) -> None:
        self._client[fd] = self._free.popleft()

    def _gone(self, fd: int) -> None:
        self._free.append(self._client.pop(fd))

    def _in_flight_limit(self) -> int:
        """All clients may be connecting at once: that is what meets the backlog."""
        return max(super()._in_flight_limit(), self._active_wanted)

    def _drive(self) -> None:
        poll, clock = self._epoll.poll, time.perf_counter_ns
        while not self._interrupted:
            events = poll(self._timeout(), MAX_EVENTS)
            began = clock()
            self._handle(events)
            self._end_batch(began)

    def _handle(self, events: list[tuple[int, int]]) -> None:
        read, active, complete = os.read, self._active, self._complete
        expected, partial = self._active_judge.expected, self._partial
        most, since = self._recv_bytes, self._since
        for fd, event in events:
            if event & EPOLLOUT and fd in self._connecting:
                self._connected(fd)
                continue
            try:
                data = read(fd, most)
            except BlockingIOError:
                continue  # a stale event, of a connection that had this number before
            except OSError as error:
                self._refused(fd, error.errno or 0)
                continue
            if data == expected and fd in active and not since[fd] and not partial:
                complete(fd)
                if len(data) == most:
                    self._drain(fd)  # more may have come with it
                elif event & EPOLLRDHUP:
                    self._next(fd)
            else:
                self._unusual(fd, data)
                self._drain(fd)
                expected = self._active_judge.expected

    def recorders(self) -> dict[str, Recorder]:
        return {**super().recorders(), "first_response": self.response}

    def _complete(self, fd: int) -> None:
        """The response is whole: count it."""
        now = time.perf_counter_ns()
        self.response.add((now - self._opened[fd]) // 1_000)
        self._served[self._client[fd]] = now
        self._since[fd] = now

    def _next(self, fd: int) -> None:
        """The connection is over; its client begins again.

        Like `_discard` and `_open`, with the calls taken out: this is the hot path.
        """
        if self._active_to_open < 0:
            self._discard(fd, idle=False)
            self._active_to_open += 1
            return
        client = self._client.pop(fd)
        self._active.discard(fd)
        os.close(fd)
        try:
            sock = _socket.socket(_socket.AF_INET, NON_BLOCKING_STREAM)
            self.sources.bind(sock)
        except OSError as error:  # another thread was quicker to take the last descriptor
            self._free.append(client)
            self._failed(error.errno or 0, idle=False)
            return
        started = time.perf_counter_ns()
        code = sock.connect_ex(self.address)
        fd = sock.detach()
        self._client[fd] = client
        self._forget_times(fd)
        self._opened[fd] = started
        try:
            if code not in (0, errno.EINPROGRESS):
                raise OSError(code, os.strerror(code))
            os.write(fd, self.active_exchange.request)
        except BlockingIOError:
            self._connecting[fd] = False
            self._epoll.register(fd, EPOLLOUT)
        except OSError as error:
            self._discard(fd, idle=False)
            self._failed(error.errno or 0, idle=False)
        else:
            self._epoll.register(fd, ARRIVALS)
            self.connect.add((time.perf_counter_ns() - started) // 1_000)
            self._active.add(fd)

    def _refused(self, fd: int, code: int) -> None:
        """An attempt failed before or after it was established."""
        if fd in self._connecting:
            idle = self._connecting.pop(fd)
            self._discard(fd, idle=idle)
            self._failed(code, idle=idle)
            self._open_more()
        elif self._since[fd] and fd in self._active:
            self._next(fd)
        else:
            self._lost(fd, code)

    def _drain(self, fd: int) -> None:
        """Read on to the end, or until there is nothing yet: an edge is told once."""
        opened = self._opened.get(fd)  # another connection may get the number meanwhile
        try:
            while (fd in self._active or fd in self._idle) and self._opened[fd] == opened:
                self._unusual(fd, os.read(fd, self._recv_bytes))
        except BlockingIOError:
            return
        except OSError as error:
            self._refused(fd, error.errno or 0)

    def _unusual(self, fd: int, data: bytes) -> None:
        """A command, an end, part of a response, an idle connection, a wrong answer."""
        if fd == self._wake:
            self._interrupted = True
        elif not data:
            self._closed(fd)
        elif not self._asked(fd) or (answers := self._answers(fd, data)) < 0:
            self._lost(fd, 0, "wrong_answer")
        elif answers and fd in self._idle:
            self._answered(fd, time.perf_counter_ns())
        elif answers:
            self._complete(fd)

    def _closed(self, fd: int) -> None:
        """The peer closed: after the answer, at its end, or too early."""
        if fd not in self._active:
            self._lost(fd, 0, "closed_early")
        elif self._since[fd]:
            self._next(fd)
        elif fault := self._cut_short(fd):
            self._lost(fd, 0, fault)
        else:
            self._complete(fd)
            self._next(fd)

    def _covered(self) -> int:
        return sum(at >= self._window_started for at in self._served.values())


def _build(server: VerifiedServer) -> Engine:
    return ConnectionPerRequest(server.target)


LOAD = KindOfLoad(load="connection_per_request", build=_build)
