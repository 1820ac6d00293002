"""Closed loop, keep-alive, with several kinds of requests: `keep_alive.py` with a choice in it.

Each kind has a histogram beside the common one, so that what a slow kind does to the others shows.
"""

from __future__ import annotations

import os
import time
from select import EPOLLIN

from loadgen.answers.judge import Judge
from loadgen.engine.connection_table import RECV_BYTES
from loadgen.engine.engine import Engine
from loadgen.engine.measures import Exchange, Target
from loadgen.engine.reconnecting import Carried
from loadgen.engine.recorder import FAST_US, Recorder
from loadgen.loads.keep_alive import MAX_EVENTS, KeepAlive
from loadgen.loads.kind import KindOfLoad, VerifiedServer
from loadgen.loads.mix import Mix


class Mixed(KeepAlive):
    """One request in flight per connection, of a kind that the mix draws."""

    def __init__(self, target: Target, mix: Mix) -> None:
        super().__init__(target)
        self.mix = mix
        longest = max(exchange.room for exchange in mix.exchanges)
        self._recv_bytes = min(max(longest, self._recv_bytes), RECV_BYTES)
        self.kinds = tuple(Recorder() for _ in mix.kinds)
        self._draw = mix.draw()
        self._judges = [exchange.judge() for exchange in mix.exchanges]
        self._kind: dict[int, int] = {}
        # By descriptor, as lengths differ and the bytes do not tell.
        self._answered_there: list[int] = [0] * len(self._since)

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        return self.mix.exchanges

    def open_window(self) -> int:
        self.kinds = tuple(Recorder() for _ in self.mix.kinds)
        return super().open_window()

    def recorders(self) -> dict[str, Recorder]:
        kinds = {f"response {path}": one for path, (one, _) in self.by_path().items()}
        return {**super().recorders(), **kinds}

    def by_path(self) -> dict[str, tuple[Recorder, Exchange]]:
        paths = (kind.path for kind in self.mix.kinds)
        return dict(zip(paths, zip(self.kinds, self.mix.exchanges, strict=True), strict=True))

    def _ages(self, now: int) -> dict[str, list[int]]:
        names = [f"response {kind.path}" for kind in self.mix.kinds]
        found: dict[str, list[int]] = {name: [] for name in ("response", *names)}
        asked = [(self._since[fd], kind) for fd, kind in self._kind.items()]
        asked += [(one.since, one.kind) for one in self._unresumed()]
        first = self._active - self._kind.keys() - self._resumed.keys()
        asked += [(self._opened[fd], 0) for fd in first]
        for since, kind in asked:
            age = (now - since) // 1_000
            found["response"].append(age)
            found[names[kind]].append(age)
        return super()._ages(now) | found

    def _forget_times(self, fd: int) -> None:
        super()._forget_times(fd)
        self._answered_there.extend([0] * (len(self._since) - len(self._answered_there)))
        self._answered_there[fd] = 0

    def _answered_on(self, fd: int, _unanswered: int) -> int:
        return self._answered_there[fd]

    def _gone(self, fd: int) -> None:
        super()._gone(fd)
        self._kind.pop(fd, None)

    def _carried(self, fd: int) -> tuple[Carried, int]:
        since = self._since[fd]
        return Carried(since, answered=since, kind=self._kind_of(fd) or 0), 1

    def _may_resend(self, fd: int) -> bool:
        return self.mix.exchanges[self._kind[fd]].idempotent

    def _first(self, fd: int) -> bytes:
        return self.mix.exchanges[self._kind_of(fd) or 0].request

    def _kind_of(self, fd: int) -> int | None:
        """The kind of the request under way; None: it is the first, which is of the first kind."""
        carried = self._resumed.get(fd)
        return carried.kind if carried else self._kind.get(fd)

    def _judge(self, fd: int) -> Judge:
        kind = self._kind_of(fd)
        return super()._judge(fd) if kind is None else self._judges[kind]

    def _drive(self) -> None:
        read, write, clock, readable = os.read, os.write, time.perf_counter_ns, EPOLLIN
        poll, since, partial = self._epoll.poll, self._since, self._partial
        kind_of, draw, response, kinds = self._kind, self._draw, self.response, self.kinds
        fast, answered = response.fast, self._answered_there
        requests = [exchange.request for exchange in self.mix.exchanges]
        expected, most = [judge.expected for judge in self._judges], self._recv_bytes
        while not self._interrupted:
            events = poll(self._timeout(), MAX_EVENTS)
            began = clock()
            for fd, event in events:
                if event != readable:
                    self._other(fd, event)
                    continue
                try:
                    data = read(fd, most)
                    kind = kind_of.get(fd, -1)
                    if kind >= 0 and data == expected[kind] and not partial:
                        now = clock()
                        us = (now - since[fd]) // 1_000
                        if us < FAST_US:
                            fast[us] += 1
                        else:
                            response.slow(us)
                        kinds[kind].add(us)
                        answered[fd] += 1
                        since[fd] = now
                        kind_of[fd] = kind = draw()
                        write(fd, requests[kind])
                    else:
                        self._unusual(fd, data)
                        if len(data) == most:
                            self._other(fd)
                        expected = [judge.expected for judge in self._judges]
                except BlockingIOError:
                    continue
                except OSError as error:
                    self._broken(fd, error, began)
            self._end_batch(began)

    def _whole(self, fd: int) -> None:
        """A first response, which is of the first kind, or one in parts."""
        now = time.perf_counter_ns()
        if fd in self._idle:
            self._answered(fd, now)
            return
        last = self._is_last(fd)
        kind, carried = self._kind_of(fd), self._resumed.pop(fd, None)
        if not self._since[fd]:
            self.first_response.add((now - self._opened[fd]) // 1_000)
            self._open_more()
        us = (now - (carried.since if carried else self._since[fd] or self._opened[fd])) // 1_000
        self.response.add(us)
        self.kinds[kind or 0].add(us)
        self._answered_there[fd] += 1
        self._since[fd] = now
        self._kind[fd] = kind = self._draw()
        if last:
            self._leave(fd, self._carried(fd)[0])
        else:
            os.write(fd, self.mix.exchanges[kind].request)


def _build(server: VerifiedServer) -> Engine:
    own = server.options
    mix = Mix(own.kinds, server.exchanges, own.mix_seed)
    return Mixed(server.target, mix)


LOAD = KindOfLoad(load="keep_alive", build=_build, several_paths=True)
