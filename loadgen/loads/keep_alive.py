"""Closed loop, keep-alive: each connection sends its next request on the response.

The whole cost of the generator is the loop below, so it does the least that an
honest measurement allows: one read, one comparison of every byte, one look at
the clock, one increment, one write.
"""

from __future__ import annotations

import os
import time
from select import EPOLLIN, EPOLLRDHUP

from loadgen.engine.engine import Engine
from loadgen.engine.measures import Target
from loadgen.engine.reconnecting import Carried, Reconnecting
from loadgen.engine.recorder import FAST_US
from loadgen.engine.segments import Segments
from loadgen.loads.kind import KindOfLoad, VerifiedServer

MAX_EVENTS = 256


class KeepAlive(Reconnecting):
    """One request in flight per connection, for ever."""

    _recurring: tuple[str, ...] = ("response",)

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._segments = Segments()

    def open_window(self) -> int:
        self._segments.begin(self._active)
        return super().open_window()

    def _gone(self, fd: int) -> None:
        super()._gone(fd)
        self._segments.gone(fd)

    def _carried(self, fd: int) -> tuple[Carried, int]:
        since = self._since[fd]
        return Carried(since, answered=since), 1

    def _drive(self) -> None:
        read, write, clock, readable = os.read, os.write, time.perf_counter_ns, EPOLLIN
        poll, since, partial = self._epoll.poll, self._since, self._partial
        request, expected = self.active_exchange.request, self._active_judge.expected
        fast, most = self.response.fast, self._recv_bytes
        while not self._interrupted:
            events = poll(self._timeout(), MAX_EVENTS)
            began = clock()
            for fd, event in events:
                if event == readable:
                    try:
                        data = read(fd, most)
                        if data == expected and not partial:
                            now = clock()
                            us = (now - since[fd]) // 1_000
                            if us < FAST_US:
                                fast[us] += 1
                            elif not self._long(fd, now, us):
                                continue
                            since[fd] = now
                            write(fd, request)
                        else:
                            self._unusual(fd, data)
                            if len(data) == most:
                                self._other(fd)
                            expected = self._active_judge.expected
                    except BlockingIOError:
                        continue
                    except OSError as error:
                        self._broken(fd, error, began)
                else:
                    self._other(fd, event)
            self._end_batch(began)

    def _long(self, fd: int, now: int, us: int) -> bool:
        """A first response, or a long one. True: send the next request."""
        if self._since[fd]:
            self.response.slow(us)
            return True
        if fd in self._idle:
            self._answered(fd, now)
            return False
        opened, carried = self._opened[fd], self._resumed.pop(fd, None)
        self.first_response.add((now - opened) // 1_000)
        self.response.add((now - (carried.since if carried else opened)) // 1_000)
        self._open_more()
        return True

    def _unusual(self, fd: int, data: bytes) -> None:
        """A command, the end of the connection, part of a response, or a wrong one."""
        if fd == self._wake:
            # The read has emptied the eventfd.
            self._interrupted = True
            return
        if not data:
            self._ended(fd)
            return
        if not self._asked(fd):
            self._lost(fd, 0, "wrong_answer")
            return
        answers = self._answers(fd, data)
        if answers < 0:
            self._lost(fd, 0, "wrong_answer")
        elif answers:
            self._whole(fd)

    def _whole(self, fd: int) -> None:
        """A response that came in parts, or while another connection's did."""
        now = time.perf_counter_ns()
        us = (now - self._since[fd]) // 1_000
        if us < FAST_US:
            self.response.fast[us] += 1
        elif not self._long(fd, now, us):
            return
        self._since[fd] = now
        if self._is_last(fd):
            self._leave(fd, self._carried(fd)[0])
        else:
            os.write(fd, self.active_exchange.request)

    def _other(self, fd: int, event: int = 0) -> None:
        """Connected at last; or there is more than one read took; or the peer hung up: read what
        is left, and see to the end.
        """
        if fd in self._connecting:
            self._connected(fd)
            return
        self._hung_up = fd if event & EPOLLRDHUP else -1
        opened = self._opened.get(fd)  # another connection may get the number meanwhile
        began = 0
        try:
            while (fd in self._active or fd in self._idle) and self._opened[fd] == opened:
                began = time.perf_counter_ns()
                self._unusual(fd, os.read(fd, self._recv_bytes))
        except BlockingIOError:
            return  # a stale event, of a connection that had this number before
        except OSError as error:
            self._broken(fd, error, began)
        finally:
            self._hung_up = -1

    def _ages(self, now: int) -> dict[str, list[int]]:
        since, opened = self._since, self._opened
        first = [fd for fd in self._active if not since[fd]]
        begun = [since[fd] or opened[fd] for fd in self._active - self._resumed.keys()]
        begun += [one.since for one in self._unresumed()]
        return {
            **super()._ages(now),
            "first_response": [(now - opened[fd]) // 1_000 for fd in (*first, *self._idle_fresh)],
            "response": [(now - moment) // 1_000 for moment in begun],
        }

    def _owed(self, fd: int) -> int:
        return int(self._asked(fd))

    def _covered(self) -> int:
        answered = [self._since[fd] for fd in self._active]
        answered += [one.answered for one in self._unresumed()]
        return sum(moment >= self._window_started for moment in answered)

    def _segments_in(self) -> int:
        return self._segments.total(self._active)


def _build(server: VerifiedServer) -> Engine:
    return KeepAlive(server.target)


LOAD = KindOfLoad(load="keep_alive", build=_build)
