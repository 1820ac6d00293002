"""Closed loop, keep-alive, with several kinds of requests: `keep_alive.py` with a choice in it.

Each kind has a histogram beside the common one, so that what a slow kind does to the others shows.
"""

from __future__ import annotations

import os
import time
from select import EPOLLIN

from loadgen.answers.judge import Judge
from loadgen.engine.connection_table import IN_FLIGHT, RECV_BYTES
from loadgen.engine.engine import Engine
from loadgen.engine.measures import Exchange
from loadgen.engine.recorder import Recorder
from loadgen.loads.keep_alive import MAX_EVENTS, KeepAlive
from loadgen.loads.kind import KindOfLoad, VerifiedServer
from loadgen.loads.mix import Mix


class Mixed(KeepAlive):
    """One request in flight per connection, of a kind that the mix draws."""

    def __init__(
        self,
        address: tuple[str, int],
        mix: Mix,
        idle: Exchange | None = None,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        super().__init__(address, mix.exchanges[0], idle, in_flight)
        self.mix = mix
        longest = max(exchange.room for exchange in mix.exchanges)
        self._recv_bytes = min(max(longest, self._recv_bytes), RECV_BYTES)
        self.kinds = tuple(Recorder() for _ in mix.kinds)
        self._draw = mix.draw()
        self._judges = [exchange.judge() for exchange in mix.exchanges]
        self._kind: dict[int, int] = {}

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        return self.mix.exchanges

    def open_window(self) -> int:
        self.kinds = tuple(Recorder() for _ in self.mix.kinds)
        return super().open_window()

    def recorders(self) -> dict[str, Recorder]:
        kinds = {f"response {path}": one for path, (one, _) in self.by_path().items()}
        return {**super().recorders(), **kinds}

    def by_path(self) -> dict[str, tuple[Recorder, int]]:
        sizes = (len(exchange.response) for exchange in self.mix.exchanges)
        paths = (kind.path for kind in self.mix.kinds)
        return dict(zip(paths, zip(self.kinds, sizes, strict=True), strict=True))

    def _ages(self, now: int) -> dict[str, list[int]]:
        names = [f"response {kind.path}" for kind in self.mix.kinds]
        found: dict[str, list[int]] = {name: [] for name in ("response", *names)}
        for fd in self._active & self._kind.keys():  # a first response is of no kind
            age = (now - self._since[fd]) // 1_000
            found["response"].append(age)
            found[names[self._kind[fd]]].append(age)
        return super()._ages(now) | found

    def _gone(self, fd: int) -> None:
        super()._gone(fd)
        self._kind.pop(fd, None)

    def _judge(self, fd: int) -> Judge:
        kind = self._kind.get(fd)
        return super()._judge(fd) if kind is None else self._judges[kind]

    def _drive(self) -> None:
        read, write, clock, readable = os.read, os.write, time.perf_counter_ns, EPOLLIN
        poll, since, partial = self._epoll.poll, self._since, self._partial
        kind_of, draw, response, kinds = self._kind, self._draw, self.response, self.kinds
        requests = [exchange.request for exchange in self.mix.exchanges]
        expected, most = [judge.expected for judge in self._judges], self._recv_bytes
        while not self._interrupted:
            events = poll(self._timeout(), MAX_EVENTS)
            began = clock()
            for fd, event in events:
                if event != readable:
                    self._other(fd)
                    continue
                try:
                    data = read(fd, most)
                    kind = kind_of.get(fd, -1)
                    if kind >= 0 and data == expected[kind] and not partial:
                        now = clock()
                        us = (now - since[fd]) // 1_000
                        response.add(us)
                        kinds[kind].add(us)
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
                    self._lost(fd, error.errno or 0)
            self._end_batch(began)

    def _whole(self, fd: int) -> None:
        """A first response, which is of the first kind, or one in parts."""
        now = time.perf_counter_ns()
        if fd in self._idle:
            self._answered(fd, now)
            return
        kind = self._kind.get(fd)
        if kind is None:
            self.first_response.add((now - self._opened[fd]) // 1_000)
            self._open_more()
        else:
            us = (now - self._since[fd]) // 1_000
            self.response.add(us)
            self.kinds[kind].add(us)
        self._since[fd] = now
        self._kind[fd] = kind = self._draw()
        os.write(fd, self.mix.exchanges[kind].request)


def _build(server: VerifiedServer) -> Engine:
    own = server.options
    mix = Mix(own.kinds, server.exchanges, own.mix_seed)
    return Mixed(server.address, mix, in_flight=own.in_flight)


LOAD = KindOfLoad(load="keep_alive", build=_build, several_paths=True)
