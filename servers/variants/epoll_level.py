"""epoll, level-triggered: the kernel remembers what is watched, and tells only what is ready.

How it works. Each connection is registered once, when it is accepted; from then on the kernel
puts it on a list of its own whenever something arrives, and a call returns that list. The cost of
a call grows with the connections that are ready; idle ones cost memory and nothing else. Level-
triggered means: what has not been read is reported again, so a loop may read as much as it likes.

Where it breaks. Each connection costs a system call more than under poll, which shows when it
lives for one request only. One thread does everything, so one slow computation, or one blocking
call, holds up all connections; and one thread uses one core.

Source. Scot Doyle, "How To Use Linux epoll with Python", example 3; Kegel, "The C10K problem",
among the level-triggered kinds of readiness. Unlike the listing, which asks for EPOLLOUT before
each response (two epoll_ctl calls a request), this server writes at once, and asks only if the
socket is full.

Not shared with the listing: there, on a peer that closes early, the loop spins (recv returns
nothing, and the descriptor is never unregistered), a request is read without limit, and a peer
that resets raises out of the loop and ends the server for everyone.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterable

from servers.core.events import EventLog
from servers.core.settings import FOR_POOLS, FOR_SHARED_EPOLL, FOR_THREADS, Settings
from servers.core.variant import Group, Variant
from servers.readiness.loop import ReadinessServer
from servers.readiness.mechanism import LimitReachedError

MAX_WATCHES = "/proc/sys/fs/epoll/max_user_watches"


class EpollReadiness:
    """`Readiness` by epoll, level-triggered."""

    ticks_per_s = 1.0
    first_events = select.EPOLLIN  # that a descriptor is registered for

    def __init__(self) -> None:
        self._epoll = select.epoll()
        # At most FD_SETSIZE - 1 = 1,023 events a call, by default.
        self.wait: Callable[[float], Iterable[tuple[int, int]]] = self._epoll.poll
        # The last close() of a descriptor takes it out of every epoll set by itself (epoll(7)).
        self.close: Callable[[int], None] = os.close

    def watch(self, fd: int) -> None:
        try:
            self._epoll.register(fd, self.first_events)
        except OSError as error:  # ENOSPC, ENOMEM: this connection cannot be watched
            with open(MAX_WATCHES, encoding="ascii") as file:
                watches = int(file.read())
            raise LimitReachedError(
                "epoll_watches",
                watches,
                f"epoll cannot watch one descriptor more ({error.strerror}): new connections are"
                " closed at once; raise fs.epoll.max_user_watches",
            ) from error

    def watch_output(self, fd: int) -> None:
        self._epoll.modify(fd, select.EPOLLOUT)

    def watch_input(self, fd: int) -> None:
        self._epoll.modify(fd, select.EPOLLIN)

    def forget(self, fd: int) -> None:
        self._epoll.unregister(fd)


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    ReadinessServer(settings, log, EpollReadiness()).run()


VARIANT = Variant(
    idea="the kernel remembers all connections and tells those that are ready (HOWTO example 3)",
    workers="1 thread",
    group=Group.HOWTO,
    since="2.6",
    ignores=FOR_THREADS | FOR_POOLS | FOR_SHARED_EPOLL,
    serve=serve,
)
