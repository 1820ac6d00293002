"""select: one thread asks the kernel, over and over, about all descriptors at once.

How it works. Each call hands over two sets, as bit maps of descriptors; the kernel looks at every
one of them and returns bit maps of those that are ready. Level-triggered: what has not been read
is reported again.

Where it breaks. Twice. The bit map has room for descriptors 0 to 1023 and no more (FD_SETSIZE, a
constant of the C library), so this server ends near its thousandth connection, whatever limits
are raised: further ones are closed at once, and the log says why. And below that, each call costs
as much as there are open connections, not as there are ready ones: idle connections are paid for
by the active ones.

Source. The HOWTO's text, which names select, poll and epoll as the three that Python offers on
Linux 2.6; Kegel, "The C10K problem", among the level-triggered kinds of readiness, for the wall.

Not shared with the HOWTO's listings: a peer that closes early is forgotten, so the loop does not
spin on its descriptor; a descriptor that select cannot watch does not raise out of the loop.
"""

from __future__ import annotations

import os
import select
from collections.abc import Iterable
from itertools import repeat

from servers.core.events import EventLog
from servers.core.settings import FOR_POOLS, FOR_SHARED_EPOLL, FOR_THREADS, Settings
from servers.core.variant import Group, Variant
from servers.readiness.loop import ReadinessServer
from servers.readiness.mechanism import LimitReachedError

FD_SETSIZE = 1024  # bits in the C library's fd_set; not a setting of anything


class SelectReadiness:
    """`Readiness` by select(). The sets are turned into lists only when they have changed."""

    ticks_per_s = 1.0

    def __init__(self) -> None:
        self._input: set[int] = set()
        self._output: set[int] = set()
        self._changed = True
        self._input_list: list[int] = []
        self._output_list: list[int] = []

    def wait(self, ticks: float) -> Iterable[tuple[int, int]]:
        if self._changed:
            self._input_list, self._output_list = list(self._input), list(self._output)
            self._changed = False
        timeout = None if ticks < 0 else ticks
        readable, writable, _ = select.select(self._input_list, self._output_list, (), timeout)
        return zip(readable + writable if writable else readable, repeat(0))

    def close(self, fd: int) -> None:
        self.forget(fd)
        os.close(fd)

    def watch(self, fd: int) -> None:
        if fd >= FD_SETSIZE:
            raise LimitReachedError(
                "FD_SETSIZE",
                FD_SETSIZE,
                f"select cannot watch descriptor {FD_SETSIZE} or more: such connections are"
                " closed at once; no setting changes that, poll and epoll do not have the limit",
            )
        self.watch_input(fd)

    def watch_output(self, fd: int) -> None:
        self._input.discard(fd)
        self._output.add(fd)
        self._changed = True

    def watch_input(self, fd: int) -> None:
        self._output.discard(fd)
        self._input.add(fd)
        self._changed = True

    def forget(self, fd: int) -> None:
        self._input.discard(fd)
        self._output.discard(fd)
        self._changed = True


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    ReadinessServer(settings, log, SelectReadiness()).run()


VARIANT = Variant(
    idea="asks about all connections at each call, and about 1,024 descriptors at most",
    workers="1 thread",
    group=Group.NAMED,
    since="any",
    ignores=FOR_THREADS | FOR_POOLS | FOR_SHARED_EPOLL,
    serve=serve,
)
