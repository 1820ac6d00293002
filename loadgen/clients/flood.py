"""A flood: connections that come at once, more than the server has descriptors, each with a
request; two seconds later they all go, half of them by a reset."""

from __future__ import annotations

import socket
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from loadgen.engine.sockets import reset_on_close

AT_ONCE = 256
"""Opened in a tick: the load has to go on beside it."""
STAYS_S = 2.0
ASKS_S = 0.2
"""After it has come."""


@dataclass(slots=True)
class Flood:
    """`count` connections once `begin` was called; `tick` is called now and then."""

    address: tuple[str, int]
    count: int
    request: bytes
    counts: Counter[str] = field(default_factory=Counter)
    _here: list[socket.socket] = field(default_factory=list)
    _left: int = 0
    _came_s: float | None = None
    _asked: bool = False

    def begin(self) -> None:
        """From the next tick on."""
        self._left = self.count

    def gauges(self) -> dict[str, int]:
        """What was done so far."""
        return dict(self.counts) if self.count else {}

    def tick(self, now_s: float) -> None:
        """Open more, ask, or go."""
        for _ in range(min(self._left, AT_ONCE)):
            self._open()
        if self._left or not self._here:
            return
        if self._came_s is None:
            self._came_s = now_s
        elif not self._asked and now_s >= self._came_s + ASKS_S:
            self._ask()
        elif now_s >= self._came_s + STAYS_S:
            self.close()

    def close(self) -> None:
        """All go, each second one by a reset."""
        for number, sock in enumerate(self._here):
            if number % 2:
                with suppress(OSError):
                    reset_on_close(sock)
            sock.close()
        self._here.clear()

    def _open(self) -> None:
        self._left -= 1
        try:
            sock = socket.socket()
        except OSError:
            self.counts["flood_not_connected"] += 1
            return
        sock.setblocking(False)
        sock.connect_ex(self.address)
        self._here.append(sock)

    def _ask(self) -> None:
        self._asked = True
        for sock in self._here:
            try:
                sock.send(self.request)
            except OSError:  # its SYN was dropped, or the server is rid of it
                self.counts["flood_not_connected"] += 1
            else:
                self.counts["flood_connected"] += 1
