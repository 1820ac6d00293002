"""How an engine opens connections, and loses them.

All methods belong to the engine's thread.
"""

from __future__ import annotations

import _socket
import errno
import os
import time
from select import EPOLLET, EPOLLIN, EPOLLOUT, EPOLLRDHUP

from loadgen.engine.connection_table import TOO_MUCH, ConnectionTable
from loadgen.engine.sockets import (
    NON_BLOCKING_STREAM,
    require_established,
    reset_descriptor_on_close,
)

PACE_S = 0.001
"""How often to look whether the pace allows another connection."""
ARRIVALS = EPOLLIN | EPOLLRDHUP | EPOLLET
"""What is watched on an established connection. Edge-triggered, because epoll looks twice at what
is level-triggered: when it tells of it, and at the next call, to find it read. A read that brings
less than it asked for has taken everything (epoll(7)); one that is full asks for another edge.
"""


class Connections(ConnectionTable):
    """Opens what is wanted, idle connections first, at a pace, with a cap in flight."""

    # Commands.

    def open_idle(self, count: int) -> None:
        """Open `count` connections that send one request, or none if `idle_silent`, and stay
        silent from then on.
        """
        self._idle_to_open += count
        self._open_more()

    def replace_idle(self, fd: int) -> None:
        """Close an idle connection and open another in its place."""
        reset_descriptor_on_close(fd)
        self._discard(fd, idle=True)
        self.open_idle(1)

    def want_active(self, count: int) -> None:
        """Have `count` connections send requests from now on."""
        more = count - self._active_wanted
        self._active_wanted = count
        self._active_to_open += more
        while self._active_to_open < 0 and self._active:
            surplus = next(iter(self._active))
            reset_descriptor_on_close(surplus)
            self._discard(surplus, idle=False)
            self._active_to_open += 1
        self._open_more()

    # For the subclasses.

    def _in_flight_limit(self) -> int:
        """How many connections may be opening, or idle ones waiting for their response."""
        return self._in_flight

    # Inside.

    def _open_more(self) -> None:
        """Open what is wanted, idle connections first, at the pace, with a cap in flight."""
        while self._retry and self._retry[0] <= time.perf_counter_ns():
            self._retry.popleft()
            self._active_to_open += 1
        limit = self._in_flight_limit()
        self._held_back = False
        while len(self._connecting) + len(self._idle_fresh) < limit:
            if not self._idle_to_open and self._active_to_open <= 0:
                return
            if not self.pace.allows(time.perf_counter_ns()):
                self._held_back = True
                return
            if self._idle_to_open:
                self._idle_to_open -= 1
                self._open(idle=True)
            else:
                self._active_to_open -= 1
                self._open(idle=False)

    def _open(self, *, idle: bool) -> None:
        try:
            sock = _socket.socket(_socket.AF_INET, NON_BLOCKING_STREAM)
            self.sources.bind(sock)
        except OSError as error:
            self._failed(error.errno or 0, idle=idle)
            return
        started = time.perf_counter_ns()
        code = sock.connect_ex(self.address)
        if code not in (0, errno.EINPROGRESS):
            sock.close()
            self._failed(code, idle=idle)
            return
        fd = sock.detach()
        if not idle:
            self._opening(fd)
        self._forget_times(fd)
        self._opened[fd] = started
        # On loopback the handshake is over by now unless the accept queue is full.
        try:
            self._greet(fd, idle=idle)
        except BlockingIOError:
            self._connecting[fd] = idle
            self._epoll.register(fd, EPOLLOUT)
        except OSError as error:
            self._discard(fd, idle=idle)
            self._failed(error.errno or 0, idle=idle)
        else:
            self._epoll.register(fd, ARRIVALS)
            self._established(fd, idle=idle)

    def _forget_times(self, fd: int) -> None:
        """A new connection has this number: it has had no response yet."""
        if fd >= len(self._since):
            self._since.extend([0] * fd)
        self._since[fd] = 0

    def _greet(self, fd: int, *, idle: bool) -> None:
        """Send the first request, which succeeds once the connection is established.

        Raises BlockingIOError before that, and OSError when it has failed.
        """
        if idle:
            request = None if self.idle_silent else self.idle_exchange.request
        else:
            request = self._first(fd)
        if request is None:
            require_established(fd)
        else:
            os.write(fd, request)

    def _established(self, fd: int, *, idle: bool) -> None:
        now = time.perf_counter_ns()
        self.connect.add((now - self._opened[fd]) // 1_000)
        if idle:
            self._idle.add(fd)
            if self.idle_silent:
                self._silent_since[fd] = now
                self.gone_silent.append(fd)
            else:
                self._idle_fresh.add(fd)
        elif self._active_to_open < 0:  # fewer are wanted by now
            self._active_to_open += 1
            self._active.add(fd)
            reset_descriptor_on_close(fd)
            self._discard(fd, idle=False)
        else:
            self._active.add(fd)

    def _connected(self, fd: int) -> None:
        """A connection that had to wait is writable: established, or failed.

        An event may be stale: of a connection closed earlier in the same batch,
        whose descriptor number this one got. Then the write would block.
        """
        idle = self._connecting[fd]
        try:
            self._greet(fd, idle=idle)
        except BlockingIOError:
            return
        except OSError as error:
            del self._connecting[fd]
            self._discard(fd, idle=idle)
            self._failed(error.errno or 0, idle=idle)
        else:
            del self._connecting[fd]
            self._epoll.modify(fd, ARRIVALS)
            self._established(fd, idle=idle)
        self._open_more()

    def _lost(self, fd: int, code: int, kind: str | None = None) -> None:
        """The peer closed or reset an established connection, or answered wrongly."""
        idle = fd in self._idle
        if kind == "wrong_answer":  # the peer has not closed its end
            reset_descriptor_on_close(fd)
            self.first_wrong = self.first_wrong or TOO_MUCH
        elif self.is_idle(fd):
            silent = time.perf_counter_ns() - self._silent_since[fd]
            self._idle_closed_us.append(silent // 1_000)
        self._discard(fd, idle=idle)
        self._failed(code, idle=idle, kind=kind)
        self._open_more()

    def _answered(self, fd: int, now: int) -> None:
        """An idle connection got a response: its one, and it is silent from now on, or a wrong one.

        Its `_since` stays 0, so that whatever else comes goes the slow way, and is told.
        """
        if fd not in self._idle_fresh:
            self._lost(fd, 0, "wrong_answer")
            return
        self.first_response.add((now - self._opened[fd]) // 1_000)
        self._idle_fresh.discard(fd)
        self._silent_since[fd] = now
        self.gone_silent.append(fd)
        self._open_more()
