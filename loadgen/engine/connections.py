"""The connections of an engine: opening them, counting them, losing them.

All methods belong to the engine's thread but `gauges`, which any thread may call.
"""

from __future__ import annotations

import _socket
import errno
import os
import time
from collections import Counter, deque
from select import EPOLLET, EPOLLIN, EPOLLOUT, EPOLLRDHUP

from loadgen.engine.measures import Exchange, Gauges
from loadgen.engine.rate_limiter import Pace
from loadgen.engine.recorder import Recorder
from loadgen.engine.sockets import (
    NON_BLOCKING_STREAM,
    error_kind,
    require_established,
    reset_descriptor_on_close,
)
from loadgen.engine.unpatched import epoll

IN_FLIGHT = 64
"""Connections being opened at once by default: half of the shortest common backlog (128)."""
RETRY_S = 0.01
PACE_S = 0.001
"""How often to look whether the pace allows another connection."""
ARRIVALS = EPOLLIN | EPOLLRDHUP | EPOLLET
"""What is watched on an established connection. Edge-triggered, because epoll looks twice at what
is level-triggered: when it tells of it, and at the next call, to find it read. A read that brings
less than it asked for has taken everything (epoll(7)); one that is full asks for another edge.
"""
RECV_BYTES = 65_536
"""At most so many at once."""


class Connections:
    """Active and idle connections to one server. `address` is an IPv4 address and a port."""

    def __init__(
        self,
        address: tuple[str, int],
        active: Exchange,
        idle: Exchange | None = None,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        self.address = address
        self._in_flight = in_flight
        self.active_exchange = active
        self.idle_exchange = idle or active
        self.idle_silent = False
        self.pace = Pace(0)
        self._held_back = False  # by the pace, with room in flight
        # Idle connections that have gone silent, for whoever looks after them.
        self.gone_silent: deque[int] = deque()
        # A byte more than is expected, so that a read is never full: short ones are cheaper too.
        self._recv_bytes = min(
            max(len(active.response), len(self.idle_exchange.response)) + 1, RECV_BYTES
        )
        self.connect = Recorder()
        self.first_response = Recorder()
        self.errors: Counter[str] = Counter()
        self._epoll = epoll()
        # Time of the last response; 0 until the first, which sends it the slow way.
        self._since: list[int] = [0] * 1_024
        self._opened: dict[int, int] = {}
        self._connecting: dict[int, bool] = {}
        self._idle: set[int] = set()
        self._idle_fresh: set[int] = set()
        self._active: set[int] = set()
        # Bytes of a response that have come, where it comes in parts.
        self._partial: dict[int, int] = {}
        self._idle_to_open = 0
        self._active_to_open = 0
        self._active_wanted = 0
        self._idle_failed = 0
        self._retry: deque[int] = deque()

    def gauges(self) -> Gauges:
        return Gauges(
            len(self._idle) - len(self._idle_fresh),
            self._idle_failed,
            len(self._active),
            self._active_wanted,
            len(self._connecting),
        )

    @property
    def idle(self) -> set[int]:
        """Descriptors of the idle connections that are established and have gone silent."""
        return self._idle - self._idle_fresh

    def is_idle(self, fd: int) -> bool:
        """Whether this is an idle connection, established and silent."""
        return fd in self._idle and fd not in self._idle_fresh

    def opened_ns(self, fd: int) -> int:
        """When this connection was begun: tells it from an earlier one with its number."""
        return self._opened[fd]

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

    def _opening(self, fd: int) -> None:
        """An active connection has its descriptor and is being opened."""

    def _gone(self, fd: int) -> None:
        """An active connection is about to be closed, at whatever stage."""

    def _in_flight_limit(self) -> int:
        """How many connections may be opening, or idle ones waiting for their response."""
        return self._in_flight

    def _renewed(self, fd: int, data: bytes, at: int) -> bool:
        """Whether `data`, at place `at` of the response, is new only where it may be.

        It is what is expected from then on: a Date costs a look like this once a second.
        """
        idle = fd in self._idle
        fresh = (self.idle_exchange if idle else self.active_exchange).renewed(data, at)
        if fresh is None:
            return False
        if idle:
            self.idle_exchange = fresh
        else:
            self.active_exchange = fresh
        return True

    def _asked(self, fd: int) -> bool:
        """Whether an answer may come on this established connection."""
        return fd not in self._idle or fd in self._idle_fresh

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
        if not (idle and self.idle_silent):
            os.write(fd, (self.idle_exchange if idle else self.active_exchange).request)
            return
        require_established(fd)

    def _established(self, fd: int, *, idle: bool) -> None:
        now = time.perf_counter_ns()
        self.connect.add((now - self._opened[fd]) // 1_000)
        if idle:
            self._idle.add(fd)
            if self.idle_silent:
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

    def _failed(self, code: int, *, idle: bool, kind: str | None = None) -> None:
        """Count an attempt that failed; an active connection is tried again."""
        kind = kind or error_kind(code)
        if idle:
            self._idle_failed += 1
            self.errors["idle_" + kind] += 1
        else:
            self.errors[kind] += 1
            self._retry.append(time.perf_counter_ns() + int(RETRY_S * 1e9))

    def _lost(self, fd: int, code: int, kind: str | None = None) -> None:
        """The peer closed or reset an established connection, or answered wrongly."""
        idle = fd in self._idle
        if kind == "wrong_answer":  # the peer has not closed its end
            reset_descriptor_on_close(fd)
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
        self.gone_silent.append(fd)
        self._open_more()

    def _discard(self, fd: int, *, idle: bool) -> None:
        if idle:
            self._idle.discard(fd)
            self._idle_fresh.discard(fd)
        else:
            self._active.discard(fd)
            self._gone(fd)
        self._partial.pop(fd, None)
        os.close(fd)

    def _close_all(self) -> None:
        """With a reset each."""
        for fd in self._idle | self._active | self._connecting.keys():
            reset_descriptor_on_close(fd)
            os.close(fd)
        self._epoll.close()
