"""Open loop over a pool of connections: requests leave when they are due, not when the last one
was answered.

A closed loop asks less of a server that stalls: its clients wait, and the stall is counted once
per connection ('coordinated omission'). Here a stall leaves the schedule as it is. The response
time of a request runs from the moment when it was meant to be sent, and its service time from the
moment when it was: they part when requests had to wait for a free connection.

What is due leaves late for one of two reasons, which are told apart. No connection is free: that
is the server's doing, and the wait is part of the response time. Or the engine itself is late
though one is free: that is its *lag*, recorded by itself, and when it is long the generator was
the bottleneck.
"""

from __future__ import annotations

import errno
import os
import time
from collections import deque
from select import EPOLLIN

from loadgen.engine.engine import Engine
from loadgen.engine.measures import Target
from loadgen.engine.reconnecting import Carried
from loadgen.engine.recorder import FAST_US
from loadgen.loads.arrivals import Arrivals
from loadgen.loads.keep_alive import MAX_EVENTS, KeepAlive
from loadgen.loads.kind import KindOfLoad, VerifiedServer
from loadgen.loads.scheduled import Scheduled

FDS = 1_024


class OpenLoop(Scheduled, KeepAlive):
    """A fixed pool of connections; nothing but their first requests leaves before
    `arrivals.begin`, a command.
    """

    def __init__(self, target: Target, arrivals: Arrivals) -> None:
        super().__init__(target, arrivals)
        self._free: deque[int] = deque()
        # By descriptor: free for a request; when its request was due (0: none yet); last answer.
        self._ready: list[bool] = [False] * FDS
        self._intended: list[int] = [0] * FDS
        self._answered_at: list[int] = [0] * FDS

    def _ages(self, now: int) -> dict[str, list[int]]:
        begun = [self._since[fd] for fd in self._active if self._flies(fd)]
        begun += [one.since for one in self._unresumed() if one.due]
        sent = [(now - moment) // 1_000 for moment in begun]
        return {**super()._ages(now), "service": sent}

    def _flying(self) -> list[int]:
        carried = [one.due for one in self._unresumed() if one.due]
        return [*carried, *(self._intended[fd] for fd in self._active if self._flies(fd))]

    def _is_free(self) -> bool:
        return any(self._ready[fd] for fd in self._active)

    def _asked(self, fd: int) -> bool:
        return super()._asked(fd) and not self._ready[fd]

    def _carried(self, fd: int) -> tuple[Carried, int]:
        answered = self._answered_at[fd]
        if self._ready[fd]:
            return Carried(answered=answered), 0
        return Carried(self._since[fd], answered, self._intended[fd]), 1

    def _first(self, fd: int) -> bytes | None:
        carried = self._resumed.get(fd)
        return self.active_exchange.request if carried is None or carried.due else None

    def _opening(self, fd: int) -> None:
        super()._opening(fd)
        self._make_room(fd)
        self._ready[fd] = False
        self._intended[fd] = self._answered_at[fd] = 0

    def _established(self, fd: int, *, idle: bool) -> None:
        if idle:  # it may have the number of an active one that was lost
            self._make_room(fd)
            self._ready[fd] = False
            self._intended[fd] = 0
        carried = self._resumed.pop(fd, None)
        super()._established(fd, idle=idle)
        if carried and fd in self._active:
            now = time.perf_counter_ns()
            self._since[fd], self._answered_at[fd] = carried.since or now, carried.answered
            self._intended[fd] = carried.due
            if not carried.due:
                self._next(fd, now)

    def _make_room(self, fd: int) -> None:
        missing = fd + 1 - len(self._ready)
        if missing > 0:
            self._ready.extend([False] * missing)
            self._intended.extend([0] * missing)
            self._answered_at.extend([0] * missing)

    def _gone(self, fd: int) -> None:
        super()._gone(fd)
        self._ready[fd] = False

    def _flies(self, fd: int) -> bool:
        return self._intended[fd] > 0 and not self._ready[fd]

    def _drive(self) -> None:
        read, clock, readable = os.read, time.perf_counter_ns, EPOLLIN
        poll, partial, intended = self._epoll.poll, self._partial, self._intended
        expected, complete = self._active_judge.expected, self._complete
        arrivals, most = self.arrivals, self._recv_bytes
        while not self._interrupted:
            now = clock()
            if arrivals.due <= now:
                now = self._send_due(now)
            events = poll(self._sleep_s(now), MAX_EVENTS)
            began = clock()
            if not events:
                arrivals.rested_ns += began - now
            for fd, event in events:
                if event != readable:
                    self._other(fd, event)
                    continue
                try:
                    data = read(fd, most)
                    if data == expected and not partial and intended[fd]:
                        complete(fd, clock())
                    else:
                        self._unusual(fd, data)
                        if len(data) == most:
                            self._other(fd)
                        expected = self._active_judge.expected
                except BlockingIOError:
                    continue
                except OSError as error:
                    self._ended(fd, error.errno or 0)
            self._end_batch(began)

    def _send_due(self, now: int) -> int:
        """Send what is due on free connections, queue the rest; return the time after it."""
        free, ready, arrivals = self._free, self._ready, self.arrivals
        while arrivals.due <= now:
            due = arrivals.take()
            while free and not ready[free[0]]:
                free.popleft()  # lost since it became free
            if free:
                fd = free.popleft()
                ready[fd] = False
                arrivals.lag.add((now - due) // 1_000)
                self._send(fd, due, now)
                now = time.perf_counter_ns()
            else:
                arrivals.wait(due)
        return now

    def _send(self, fd: int, due: int, now: int) -> None:
        self._intended[fd], self._since[fd] = due, now
        try:
            os.write(fd, self.active_exchange.request)
        except ConnectionError:
            self._ended(fd, errno.EPIPE)  # it has not left
        except OSError as error:
            self._lost(fd, error.errno or 0)

    def _complete(self, fd: int, now: int) -> None:
        """A response to what was sent last on `fd`: count it, and use the connection again."""
        if self._ready[fd]:
            self._lost(fd, 0, "wrong_answer")  # nothing was asked
            return
        us = (now - self._since[fd]) // 1_000
        if us < FAST_US:
            self.service.fast[us] += 1
        else:
            self.service.slow(us)
        us = (now - self._intended[fd]) // 1_000
        if us < FAST_US:
            self.response.fast[us] += 1
        else:
            self.response.slow(us)
        self._answered_at[fd] = now
        self._next(fd, now)

    def _next(self, fd: int, now: int) -> None:
        """The connection is free: for the request that has waited longest, if there is one."""
        if self.arrivals.waiting:
            self._send(fd, self.arrivals.waiting.popleft(), now)
        else:
            self._ready[fd] = True
            self._free.append(fd)

    def _whole(self, fd: int) -> None:
        """A first response, which opens the connection to the schedule, or one in parts."""
        now = time.perf_counter_ns()
        if fd in self._idle:
            self._answered(fd, now)
        elif not self._intended[fd]:
            self.first_response.add((now - self._opened[fd]) // 1_000)
            self._since[fd] = now
            self._open_more()
            self._go_on(fd, now)
        elif self._is_last(fd):
            self.service.add((now - self._since[fd]) // 1_000)
            self.response.add((now - self._intended[fd]) // 1_000)
            self._answered_at[fd] = now
            self._go_on(fd, now)
        else:
            self._complete(fd, now)

    def _go_on(self, fd: int, now: int) -> None:
        """Without a request under way: with this connection, or with a new one."""
        if self._is_last(fd):
            self._leave(fd, Carried(answered=self._answered_at[fd]))
        else:
            self._next(fd, now)

    def _covered(self) -> int:
        answered = [self._answered_at[fd] for fd in self._active]
        answered += [one.answered for one in self._unresumed()]
        return sum(moment >= self._window_started for moment in answered)


def _build(server: VerifiedServer) -> Engine:
    return OpenLoop(server.target, server.arrivals())


LOAD = KindOfLoad(load="open_loop", build=_build)
