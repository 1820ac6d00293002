"""poll: select without the wall, but with the same bill.

How it works. Each call hands over an array of (descriptor, events wanted), and the kernel fills
in the events seen. Any descriptor can be in it. Level-triggered.

Where it breaks. The array goes to the kernel and back at each call, and the kernel looks at all
of it: the cost of a call grows with the connections that are open, not with those that are ready.
With thousands of idle connections that is nearly all the server does. With a few it is cheaper
than epoll, which needs a system call of its own to learn of each connection.

Source. The HOWTO's text, which names select, poll and epoll as the three that Python offers on
Linux 2.6; Kegel, "The C10K problem", among the level-triggered kinds of readiness.

Not shared with the HOWTO's listings: a peer that closes early is unregistered, so the loop does
not spin on its descriptor; one that resets does not raise out of the loop.
"""

from __future__ import annotations

import os
import select

from servers.core.events import EventLog
from servers.core.settings import FOR_POOLS, FOR_SHARED_EPOLL, FOR_THREADS, Settings
from servers.core.variant import Group, Variant
from servers.readiness.loop import ReadinessServer


class PollReadiness:
    """`Readiness` by poll(). CPython keeps the array and rebuilds it only after a change."""

    ticks_per_s = 1000.0

    def __init__(self) -> None:
        self._poll = select.poll()
        self.wait = self._poll.poll

    def close(self, fd: int) -> None:
        self._poll.unregister(fd)
        os.close(fd)

    def watch(self, fd: int) -> None:
        self._poll.register(fd, select.POLLIN)

    def watch_output(self, fd: int) -> None:
        self._poll.modify(fd, select.POLLOUT)

    def watch_input(self, fd: int) -> None:
        self._poll.modify(fd, select.POLLIN)

    def forget(self, fd: int) -> None:
        self._poll.unregister(fd)


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    ReadinessServer(settings, log, PollReadiness()).run()


VARIANT = Variant(
    idea="asks about all connections at each call, without select's limit",
    workers="1 thread",
    group=Group.NAMED,
    since="2.2",
    ignores=FOR_THREADS | FOR_POOLS | FOR_SHARED_EPOLL,
    serve=serve,
)
