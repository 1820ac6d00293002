"""epoll, one-shot: what has been told of once is not told of again until it is asked for.

How it works. Registered with EPOLLONESHOT, a connection is switched off by the event that reports
it, and stays in the kernel's set, deaf, until EPOLL_CTL_MOD switches it on again. This loop does
that when it has done with the event. Arming looks at the state of the connection: input that came
meanwhile, or was left unread, is reported then. So nothing is lost, and a peer is served in turns
with the others however much it sends, as under level-triggered epoll.

What it buys. In one thread, nothing. It is made for several threads that wait on one epoll: with
level-triggered epoll, bytes that come while one thread works on a connection wake another one for
the same connection, and both read from it. A connection that is switched off belongs to the
thread that was told of it, without a lock, until that thread arms it.

Where it breaks. Each event costs one system call more, and a connection that somebody forgets to
arm is never heard of again. Switching from input to output, on the other hand, is free: the call
that arms says which is wanted.

What it costs. A request: a read, a write, an epoll_ctl and a share of epoll_wait (counted with
strace -c), that is, one system call more than `epoll_level`.

Source. The HOWTO's text, after its fourth example; epoll_ctl(2), EPOLLONESHOT; Kegel, "The C10K
problem", among the kinds of readiness change notification.

Not shared with the HOWTO's listings: a peer that closes early is closed and not armed again, so
the loop does not spin on its descriptor; one that resets does not raise out of the loop.
"""

from __future__ import annotations

import os
import select
from collections.abc import Iterator

from servers.core.events import EventLog
from servers.core.settings import FOR_POOLS, FOR_SHARED_EPOLL, FOR_THREADS, Settings
from servers.core.variant import Group, Variant
from servers.readiness.loop import ReadinessServer
from servers.variants.epoll_level import EpollReadiness

INPUT = select.EPOLLIN | select.EPOLLONESHOT
OUTPUT = select.EPOLLOUT | select.EPOLLONESHOT


class OneshotReadiness(EpollReadiness):
    """`Readiness` by epoll, one-shot. What is wanted changes only while its event is handled."""

    first_events = INPUT

    def __init__(self) -> None:
        super().__init__()
        self._wanted: dict[int, int] = {}  # by descriptor: what it is to be armed for
        self.wait = self._tell_and_arm
        self.close = self._forget_and_close

    def _tell_and_arm(self, ticks: float) -> Iterator[tuple[int, int]]:
        """Yield what is ready; when the loop comes back for the next, arm the one before."""
        arm, wanted = self._epoll.modify, self._wanted
        for fd, events in self._epoll.poll(ticks):
            yield fd, events
            if fd in wanted:  # and not closed meanwhile
                arm(fd, wanted[fd])

    def _forget_and_close(self, fd: int) -> None:
        del self._wanted[fd]
        os.close(fd)

    def watch(self, fd: int) -> None:
        super().watch(fd)
        self._wanted[fd] = INPUT

    def watch_output(self, fd: int) -> None:
        self._wanted[fd] = OUTPUT

    def watch_input(self, fd: int) -> None:
        self._wanted[fd] = INPUT

    def forget(self, fd: int) -> None:
        del self._wanted[fd]
        super().forget(fd)


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    ReadinessServer(settings, log, OneshotReadiness()).run()


VARIANT = Variant(
    idea="a connection that was reported stays silent until it is armed again (HOWTO, in its text)",
    workers="1 thread",
    group=Group.NAMED,
    since="2.6.2",
    ignores=FOR_THREADS | FOR_POOLS | FOR_SHARED_EPOLL,
    serve=serve,
)
