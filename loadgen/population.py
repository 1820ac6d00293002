"""What idle connections do beside being there: nothing, or a trickle, or coming and going.

A trickle is a byte a second, or so, of a request that never ends: enough to keep a connection from
looking idle, too little to be work. Churn replaces a share of the connections each second, as
clients that come and go do.
"""

from __future__ import annotations

import contextlib
import os
import random

from loadgen.engine import Engine

TICK_S = 0.05
START = b"GET / HTTP/1.1\r\nX-Trickle: "
FILLER = b"a"
SPREAD = 0.618034
"""Golden ratio: consecutive descriptors are due at moments spread evenly over a period."""


class Population:
    """Looks after the idle connections of an engine; `tick` is a command of the engine's."""

    def __init__(
        self, engine: Engine, now_s: float, trickle_per_s: float = 0.0, churn_per_s: float = 0.0
    ) -> None:
        """`trickle_per_s`: bytes a second from each; `churn_per_s`: share replaced a second."""
        self.trickled = 0
        self.replaced = 0
        self._engine = engine
        self._before_s = now_s
        self._trickle_per_s = trickle_per_s
        self._churn_per_s = churn_per_s
        self._due = 0.0
        self._random = random.Random(0)  # noqa: S311 - a simulation, not a secret
        self._sent: dict[int, tuple[int, int]] = {}  # when opened, and bytes of the trickle

    def tick(self, now_s: float) -> None:
        """Do what has become due since the last time."""
        if self._churn_per_s:
            self._churn(now_s - self._before_s)
        if self._trickle_per_s:
            self._trickle(self._before_s * self._trickle_per_s, now_s * self._trickle_per_s)
        self._before_s = now_s

    def _churn(self, elapsed_s: float) -> None:
        idle = self._engine.idle
        self._due += elapsed_s * self._churn_per_s * len(idle)
        # Drawn: the lowest numbers would be those of the newest, again and again.
        for fd in self._random.sample(tuple(idle), min(int(self._due), len(idle))):
            self._engine.replace_idle(fd)
            self.replaced += 1
            self._due -= 1

    def _trickle(self, before: float, now: float) -> None:
        for fd in self._engine.idle:
            offset = fd * SPREAD
            for _ in range(int(now + offset) - int(before + offset)):
                self._send_byte(fd)

    def _send_byte(self, fd: int) -> None:
        opened = self._engine.opened_ns(fd)
        known, position = self._sent.get(fd, (0, 0))
        if known != opened:  # another connection had this number before
            position = 0
        # One that is lost, or whose peer reads no more, is the engine's to notice and count.
        with contextlib.suppress(OSError):
            self.trickled += os.write(fd, START[position : position + 1] or FILLER)
            self._sent[fd] = opened, position + 1
