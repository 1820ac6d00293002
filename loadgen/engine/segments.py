"""Segments that a server sent on some connections in a window, from the kernel's counters.

Each connection has a counter of its own, of 32 bits, which goes when the connection does: so one
that is closed in the window is read before, and one that is opened in it starts at nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from loadgen.engine.sockets import segments_received

COUNTER = 2**32


class Segments:
    """Counted since `begin`; descriptors are those of connections that are open."""

    def __init__(self) -> None:
        self._before: dict[int, int] = {}
        self._closed = 0

    def begin(self, descriptors: Iterable[int]) -> None:
        """Forget what was counted, and start with these."""
        self._before = {fd: segments_received(fd) for fd in descriptors}
        self._closed = 0

    def gone(self, fd: int) -> None:
        """A connection is about to be closed."""
        self._closed += self._since(fd)
        self._before.pop(fd, None)  # another one may get the number

    def total(self, descriptors: Iterable[int]) -> int:
        """On those that have gone and on these."""
        return self._closed + sum(self._since(fd) for fd in descriptors)

    def _since(self, fd: int) -> int:
        """The counter starts again at nothing after its largest number."""
        return (segments_received(fd) - self._before.get(fd, 0)) % COUNTER
