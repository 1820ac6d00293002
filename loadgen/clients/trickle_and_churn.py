"""What idle connections do beside being there: a trickle, or coming and going. The engine opens
them (`open_idle` of loadgen/engine/connections.py).

A trickle is a byte a second, or so, of a request that never ends: enough to keep a connection from
looking idle, too little to be work. Before its head is longer than servers take, another connection
begins one in its place. Churn replaces a share of the connections each second, as
clients that come and go do.

What has become due is done a little at a time between the engine's batches of events: 500 bytes at
once were a pause of 4 ms, which every response in that time would have been charged with.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections import deque

from loadgen.engine.engine import Engine

TICK_S = 0.05
START = b"GET / HTTP/1.1\r\nX-Trickle: "
FILLER = b"a"
LONGEST_HEAD = 4_000
"""Bytes. The lab's servers take 16,384; nginx, Apache, Tomcat and gunicorn 8,192; uWSGI 4,096."""
AT_ONCE = 8
"""Bytes sent, or connections replaced, between two batches: about as long as a batch itself."""


class TrickleAndChurn:
    """Has idle connections of an engine trickle, come and go; `tick` is a command of the engine."""

    def __init__(
        self, engine: Engine, now_s: float, trickle_per_s: float = 0.0, churn_per_s: float = 0.0
    ) -> None:
        """`trickle_per_s`: bytes a second from each; `churn_per_s`: share replaced a second."""
        self.trickled = 0
        self.replaced = 0
        """Connections, by churn or at the end of a trickle."""
        self._engine = engine
        self._before_s = now_s
        self._trickle_per_s = trickle_per_s
        self._churn_per_s = churn_per_s
        self._bytes_due = 0.0
        self._replacements_due = 0.0
        self._to_replace: list[int] = []
        self._random = random.Random(0)  # noqa: S311 - a simulation, not a secret
        # Taken in turn: descriptor, when opened, bytes sent of the trickle and to be sent of it.
        self._turns: deque[tuple[int, int, int, int]] = deque()

    def tick(self, now_s: float) -> None:
        """Find out what has become due since the last time, and have the engine do it."""
        elapsed_s = now_s - self._before_s
        self._before_s = now_s
        self._take_newcomers()
        if self._churn_per_s:
            self._draw(elapsed_s)
        per_s = self._trickle_per_s * len(self._turns)
        # What could not be sent in time is made up for, a second of it at most.
        self._bytes_due = min(self._bytes_due + elapsed_s * per_s, max(per_s, len(self._turns)))
        self._engine.keep_at(self._work)

    def _take_newcomers(self) -> None:
        engine = self._engine
        while engine.gone_silent:
            fd = engine.gone_silent.popleft()
            if self._trickle_per_s:
                # Those that begin together would all end together.
                length = self._random.randint(LONGEST_HEAD // 2, LONGEST_HEAD)
                self._turns.append((fd, engine.opened_ns(fd), 0, length))

    def _draw(self, elapsed_s: float) -> None:
        """Choose whom to replace: the lowest numbers would be the newest, again and again."""
        idle = self._engine.idle
        self._replacements_due += elapsed_s * self._churn_per_s * len(idle)
        count = min(int(self._replacements_due), len(idle))
        self._to_replace = self._random.sample(tuple(idle), count)

    def _work(self) -> bool:
        """Do a little of what is due; whether there is more."""
        for _ in range(AT_ONCE):
            if self._to_replace:
                self._churn(self._to_replace.pop())
            elif self._bytes_due >= 1 and self._turns:
                self._send_byte(*self._turns.popleft())
            else:
                return False
        return True

    def _churn(self, fd: int) -> None:
        if self._engine.is_idle(fd):  # not lost since it was drawn
            self._replace(fd)
            self._replacements_due -= 1

    def _replace(self, fd: int) -> None:
        self._engine.replace_idle(fd)
        self.replaced += 1

    def _send_byte(self, fd: int, opened: int, position: int, length: int) -> None:
        engine = self._engine
        self._bytes_due -= 1
        if not engine.is_idle(fd) or engine.opened_ns(fd) != opened:
            return  # lost or replaced, and so without further turns
        if position >= length:
            self._replace(fd)
            return
        # One that is lost, or whose peer reads no more, is the engine's to notice and count.
        with contextlib.suppress(OSError):
            position += os.write(fd, START[position : position + 1] or FILLER)
            self.trickled += 1
        self._turns.append((fd, opened, position, length))
