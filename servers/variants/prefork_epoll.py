"""Prefork over epoll: an event loop in each of several processes, and one listener for all.

How it works. One event loop uses one core; for more cores, more loops. The parent listens and
forks; each worker has an epoll set of its own, with its own connections in it, and with the
listener, which is the same socket in all of them. There is one accept queue: who comes first
takes the connection, and keeps it.

Who wakes up. A connection makes the listener readable, and that is true for every worker. So the
kernel wakes all that sleep: one finds the connection, the others find nothing (EAGAIN) and go
back to sleep. That is the thundering herd, and `epoll_exclusive off` shows it: three idle workers
were seen to make 3.0 context switches for a connection, against 1.0 when it is on. With
EPOLLEXCLUSIVE, which can be said only when the listener is registered, the kernel walks along the
listener's list and stops at the first worker that sleeps. The commit that brought it quotes an
application server whose test took 24 s instead of 860.

Where it breaks. The list is always walked from the same end: last in, first out. Of three idle
workers, one was seen to get all of 600 connections that came one after another. They stay where
they are, and so persistent connections that were opened in a quiet moment keep one core busy
while the others rest. Only a worker that does not sleep is passed over: load spreads when there
is load. Nor does the kernel ask who has a descriptor left: the first in the list may refuse one
connection after another while the next has room. In return a worker that is held up by a slow
computation, or by a blocking call, holds up its own connections only: new ones go to the others,
which `reuseport_epoll` cannot do. The first that hears of the signal to end shuts the listener for
all: one that is held up has it open, and would let in whoever comes meanwhile.

Source. epoll_ctl(2), EPOLLEXCLUSIVE; Cloudflare, "Why does one NGINX worker take all the load?",
which compares this with a blocking accept() and with SO_REUSEPORT; the figures of the herd are
those of the Enduro/X project in the kernel's commit.

Not shared with the HOWTO's third example, which each worker's loop descends from: there, a peer
that closes early makes the loop spin, a request is read without limit, and a peer that resets
raises out of the loop and ends the server for everyone.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable

from servers.core.events import EventLog
from servers.core.listener import open_listener
from servers.core.settings import FOR_THREADS, Settings
from servers.core.variant import Group, Variant
from servers.http.routes import Routes
from servers.readiness.loop import ReadinessServer
from servers.variants.epoll_level import EpollReadiness
from servers.workers.processes import Workers, telling

OWN_WORKERS = 2


class SharedReadiness(EpollReadiness):
    """`Readiness` by epoll, with a listener that other processes watch as well."""

    def __init__(self, listener: socket.socket, *, exclusive: bool) -> None:
        super().__init__()
        self._shared = listener.fileno()
        self._how = select.EPOLLIN | (select.EPOLLEXCLUSIVE if exclusive else 0)

    def watch(self, fd: int) -> None:
        if fd == self._shared:
            self._epoll.register(fd, self._how)
        else:
            super().watch(fd)


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    listener, routes = open_listener(settings, blocking=False), Routes(settings)

    def prepare(log: EventLog) -> Callable[[], None]:
        readiness = SharedReadiness(listener, exclusive=settings.epoll_exclusive)
        server = ReadinessServer(
            settings, log, readiness, listener, routes, all_stop=lambda: workers.stopping
        )
        return telling(server, log)

    workers = Workers(settings, log, settings.workers or OWN_WORKERS, listener, prepare)
    workers.run()


VARIANT = Variant(
    idea="processes with an event loop each, on one listener, one of them woken for a connection",
    workers=f"{OWN_WORKERS} processes, or as `workers` says",
    group=Group.POOLS,
    since="4.5",
    ignores=FOR_THREADS,
    serve=serve,
)
