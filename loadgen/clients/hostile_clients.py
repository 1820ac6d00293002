"""Bad clients that come and go: garbage, a head without end, half a request and the end of the
sending side. Each stays until the server closes its connection, or GARBAGE_S or HEAD_S; who has
closed a half says nothing more and waits for the server, however long that takes.

`tick` is called now and then, and never waits.
"""

from __future__ import annotations

import socket
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from random import Random
from typing import Literal

from loadgen.clients.bad_clients import HALF
from loadgen.engine.sockets import reset_on_close
from loadgen.tools.hostile_inputs import FRAGMENTS, LONG_HEAD_BYTES

Kind = Literal["garbage", "long_head", "half_closed"]
KINDS: tuple[Kind, ...] = ("garbage", "long_head", "half_closed")
GARBAGE_S = 1.0
HEAD_S = 5.0
AT_RANDOM = 0.3
"""Share of garbage that is bytes at random; the rest is a heap of fragments of requests."""
LONGEST_GARBAGE_BYTES = 3_000
MOST_FRAGMENTS = 20
MOST_OPEN = 500
"""Those of them that the server does not close, half-closed ones; more do not come."""
START = b"GET / HTTP/1.1\r\nHost: c10k-lab\r\nCookie: "


@dataclass(slots=True)
class Visitor:
    """One of them: what it has not sent yet, until when it stays, and whether it was let in."""

    sock: socket.socket
    kind: Kind
    left: memoryview
    until_s: float
    came: bool = False


@dataclass(slots=True)
class HostileClients:
    """`per_s` come a second, of each kind in turn."""

    address: tuple[str, int]
    per_s: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    _here: list[Visitor] = field(default_factory=list)
    _kinds: cycle[Kind] = field(default_factory=lambda: cycle(KINDS))
    _random: Random = field(default_factory=lambda: Random(1))  # noqa: S311 - repeatable, no secret
    _before_s: float | None = None
    _due: float = 0.0

    def gauges(self) -> dict[str, int]:
        """What came so far, by kind, and those with half a connection that are there now."""
        if not self.per_s:
            return {}
        half = sum(one.kind == "half_closed" for one in self._here)
        return {**self.counts, "half_closed_open": half}

    def tick(self, now_s: float) -> None:
        """Let those come that are due, and those go whose time is over."""
        for one in list(self._here):
            if self._ended(one) or now_s >= one.until_s:
                self._leave(one)
        if self._before_s is not None:
            self._due += (now_s - self._before_s) * self.per_s
        self._before_s = now_s
        due, self._due = divmod(self._due, 1)
        for _ in range(int(due)):
            self._come(next(self._kinds), now_s)

    def close(self) -> None:
        """All go."""
        for one in list(self._here):
            self._leave(one)

    def _come(self, kind: Kind, now_s: float) -> None:
        if len(self._here) >= MOST_OPEN:
            self.counts["hostile_kept_away"] += 1
            return
        try:
            sock = socket.socket()
        except OSError:
            self.counts["hostile_not_connected"] += 1
            return
        sock.setblocking(False)
        sock.connect_ex(self.address)
        stays_s = {"garbage": GARBAGE_S, "long_head": HEAD_S}.get(kind, float("inf"))
        one = Visitor(sock, kind, memoryview(self._said(kind)), now_s + stays_s)
        self._here.append(one)
        self._send(one)

    def _said(self, kind: Kind) -> bytes:
        random = self._random
        if kind == "half_closed":
            return HALF
        if kind == "long_head":
            return START + b"x" * random.randrange(*LONG_HEAD_BYTES)
        if random.random() < AT_RANDOM:
            return random.randbytes(random.randrange(1, LONGEST_GARBAGE_BYTES))
        return b"".join(random.choices(FRAGMENTS, k=random.randrange(1, MOST_FRAGMENTS)))

    def _send(self, one: Visitor) -> None:
        """As much as the server takes now; a half is closed behind the last byte."""
        if not one.left:
            return
        with suppress(OSError):  # not connected yet, full, or gone, which is seen next
            one.left = one.left[one.sock.send(one.left) :]
            if not one.came:
                one.came = True
                self.counts[one.kind] += 1
            if not one.left and one.kind == "half_closed":
                one.sock.shutdown(socket.SHUT_WR)

    def _ended(self, one: Visitor) -> bool:
        """Whether the server has closed it; what it answers is read and thrown away."""
        self._send(one)
        try:
            return not one.sock.recv(65_536)
        except BlockingIOError:
            return False
        except OSError:  # it was reset, or never connected
            return True

    def _leave(self, one: Visitor) -> None:
        if not one.came:
            self.counts["hostile_not_connected"] += 1
        with suppress(OSError):
            reset_on_close(one.sock)
        one.sock.close()
        self._here.remove(one)
