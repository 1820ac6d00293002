"""Closed loop with pipelining: up to `depth` requests under way on each connection.

For every response that comes, one more request leaves; what one read brings is answered with one
write, so that both ends work in batches. A response time runs from the write that its request
was part of.
"""

from __future__ import annotations

import os
import time
from collections import deque
from select import EPOLLIN

from loadgen.engine.connection_table import RECV_BYTES
from loadgen.engine.engine import Engine
from loadgen.engine.measures import Target
from loadgen.engine.reconnecting import Carried
from loadgen.engine.recorder import FAST_US
from loadgen.loads.keep_alive import MAX_EVENTS, KeepAlive
from loadgen.loads.kind import KindOfLoad, VerifiedServer


class Pipelined(KeepAlive):
    """`depth` requests in flight per connection, for ever."""

    def __init__(self, target: Target, depth: int) -> None:
        super().__init__(target)
        self._depth = depth
        self._recv_bytes = RECV_BYTES
        self._requests = [target.active.request * count for count in range(depth + 1)]
        self._responses = self._multiples()
        # By descriptor: the writes whose responses have not all come, as [requests left, time].
        self._writes: dict[int, deque[list[int]]] = {}

    def _multiples(self) -> dict[int, bytes]:
        """By length, what one read may bring if it brings whole responses, and is not full; nothing
        where they differ."""
        response = self._active_judge.expected
        if not isinstance(response, bytes):
            return {}
        most = min(self._depth, (RECV_BYTES - 1) // len(response))
        return {len(response) * count: response * count for count in range(1, most + 1)}

    def _gone(self, fd: int) -> None:
        super()._gone(fd)
        self._writes.pop(fd, None)

    def _carried(self, fd: int) -> tuple[Carried, int]:
        if fd not in self._writes:
            return Carried(), 1
        writes = tuple((left, sent) for left, sent in self._writes[fd])
        return Carried(writes[0][1], self._since[fd], writes=writes), self._depth

    def _unsent(self, fd: int) -> int:
        return self._writes[fd][-1][0]

    def _ages(self, now: int) -> dict[str, list[int]]:
        under_way = [
            (now - sent) // 1_000
            for fd in self._active & self._writes.keys()
            for left, sent in self._writes[fd]
            for _ in range(left)
        ]
        ages = super()._ages(now)
        under_way += [
            (now - sent) // 1_000
            for one in self._unresumed()
            for left, sent in one.writes
            for _ in range(left)
        ]
        fresh = self._active - self._writes.keys() - self._resumed.keys()
        first = [(now - self._opened[fd]) // 1_000 for fd in fresh]
        return {**ages, "response": under_way + first}

    def _owed(self, fd: int) -> int:
        if fd not in self._writes:
            return super()._owed(fd)
        return sum(left for left, _ in self._writes[fd])

    def _drive(self) -> None:
        read, clock, readable = os.read, time.perf_counter_ns, EPOLLIN
        poll, partial, writes = self._epoll.poll, self._partial, self._writes
        responses, size = self._responses, len(self.active_exchange.response)
        while not self._interrupted:
            events = poll(self._timeout(), MAX_EVENTS)
            began = clock()
            for fd, event in events:
                if event != readable:
                    self._other(fd, event)
                    continue
                try:
                    data = read(fd, RECV_BYTES)
                    if responses.get(len(data)) == data and fd in writes and not partial:
                        self._complete(fd, len(data) // size, clock())
                    else:
                        self._unusual(fd, data)
                        if len(data) == RECV_BYTES:
                            self._other(fd)
                        responses = self._responses
                except BlockingIOError:
                    continue
                except OSError as error:
                    self._broken(fd, error, began)
            self._end_batch(began)

    def _complete(self, fd: int, count: int, now: int, *, last: bool = False) -> None:
        """Count so many responses, and send as many requests: elsewhere after the `last`."""
        writes = self._writes[fd]
        left = count
        while left:
            if not writes:
                self._lost(fd, 0, "wrong_answer")  # more responses than requests
                return
            oldest = writes[0]
            taken = min(left, oldest[0])
            us = (now - oldest[1]) // 1_000
            if us < FAST_US:
                self.response.fast[us] += taken
            else:
                self.response.slow(us, taken)
            left -= taken
            oldest[0] -= taken
            if not oldest[0]:
                writes.popleft()
        self._since[fd] = now
        writes.append([count, now])
        if last:
            self._leave(fd, self._carried(fd)[0], self._depth - count)
        else:
            os.write(fd, self._requests[count])

    def _unusual(self, fd: int, data: bytes) -> None:
        """A command, an end, a first response, parts of responses, or a wrong one."""
        if fd not in self._writes:
            super()._unusual(fd, data)
            return
        if not data:
            self._ended(fd)
            return
        known = self._active_judge.expected
        answers = self._answers(fd, data, self._owed(fd))
        if self._active_judge.expected is not known:
            self._responses = self._multiples()
        if answers < 0:
            self._lost(fd, 0, "wrong_answer")
        elif answers:
            # After a full read there may be more, also of a peer that has hung up.
            last = self._judge(fd).closes or (fd == self._hung_up and len(data) < RECV_BYTES)
            self._complete(fd, answers, time.perf_counter_ns(), last=last)

    def _whole(self, fd: int) -> None:
        """A first response: from now on the pipeline is full."""
        now = time.perf_counter_ns()
        if fd in self._idle:
            self._answered(fd, now)
            return
        self.first_response.add((now - self._opened[fd]) // 1_000)
        carried = self._resumed.pop(fd, None)
        begun = carried.since if carried else self._opened[fd]
        self.response.add((now - begun) // 1_000)
        self._since[fd] = now
        # Not before an answer has come is more than one under way (RFC 9112, 9.3.2).
        taken_over = _without_first(carried.writes if carried else ())
        left = sum(count for count, _ in taken_over)
        self._writes[fd] = deque([*taken_over, [self._depth - left, now]])
        self._open_more()
        if self._is_last(fd):
            self._leave(fd, self._carried(fd)[0])
        else:
            os.write(fd, self._requests[self._depth])


def _without_first(writes: tuple[tuple[int, int], ...]) -> list[list[int]]:
    """The writes of a pipeline when its first request has been answered."""
    left = [list(one) for one in writes]
    if left:
        left[0][0] -= 1
    return [one for one in left if one[0]]


def _build(server: VerifiedServer) -> Engine:
    return Pipelined(server.target, server.options.settings.pipeline_depth)


LOAD = KindOfLoad(load="keep_alive", build=_build, pipelines=True)
