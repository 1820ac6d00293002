"""Process per connection: for each one the server forks, and the child serves it and ends.

How it works. The parent waits, accepts, and calls fork(): the child is a copy of it that owns the
connection; the parent closes its own descriptor of it, or the peer would never see the end. The
child runs what `iterative` runs. Nothing is shared, so nothing needs a lock, in CPython not even
the interpreter's: children use all cores. A child that crashes, leaks or is killed ends one
connection. Memory is copied only where it is written to; the parent freezes its objects before
(gc.freeze), or the first collection in each child would touch, and so copy, all of them.

Where it breaks. A fork copies the page tables, and a process is the dearest thing that a kernel
has to give to a connection: in time at the start, which is part of each request if a connection
is made for it; in memory while it lasts, for CPython counts references inside its objects, and
so writes even where it only reads. Seen with CPython 3.13: 0.8 MB of its own at birth, 1.2 MB
after its first request, where a thread has some 20 KB. The number of processes is limited (the
pids limit of a container, RLIMIT_NPROC, kernel.pid_max): a fork that fails costs its connection,
and is told.

How the children end. A child that has ended stays a zombie until the parent has asked for its
status; SIGCHLD tells when. To stop, the parent passes SIGTERM on, and a child ends when all
that was received has been read and answered. A child has no thread that waits for the signal, as
the threaded servers have; its handler runs between two bytecodes, and if the signal comes just
before read() enters the kernel, too late. So the parent says it again until the child has ended,
which does no harm. After the grace time, or a second signal, it kills. If the parent itself is
killed, its children serve on until their peers leave; they do not hold the port.

Source. The HOWTO's text, after its second example: a thread, or even a process, for each
connection. The limits: fork(2), "EAGAIN".

Not shared with the HOWTO's listings: a peer that resets or vanishes ends its own process and
nothing else; a fork that fails does not raise out of the loop.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import time
from types import FrameType
from typing import NoReturn

from servers.blocking.server import BlockingService
from servers.blocking.stopping import Stopping
from servers.core.events import EventLog
from servers.core.listener import Acceptor, open_listener
from servers.core.settings import FOR_LOOPS, FOR_POOLS, FOR_SHARED_EPOLL, FOR_THREADS, Settings
from servers.core.shutdown import STOPS, StopSignal
from servers.core.variant import Group, Variant

REPEAT_S = 0.05  # between two times that children are told to end


class ForkedService(BlockingService):
    """Serves one connection, in a process that has been forked for it."""

    def run(self, fd: int) -> None:
        """Serve the connection until it ends, or SIGTERM or SIGINT comes. In the main thread."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            self._stop.requested = True
            self._stop.wake(fd)

        for number in STOPS:
            signal.signal(number, stop)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        self.serve_connection(fd)


class ForkingServer:
    """The parent: accepts, forks, reaps."""

    def __init__(self, settings: Settings, log: EventLog) -> None:
        self._settings = settings
        self._log = log
        self._listener = open_listener(settings, blocking=False)
        self._acceptor = Acceptor(self._listener, log)
        self._service = ForkedService(settings, log, Stopping())
        self._signals = StopSignal(signal.SIGCHLD)
        self._children: set[int] = set()

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; then until the children have ended, or been killed."""
        listener, signals = self._listener.fileno(), self._signals.fd
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        poll.register(signals, select.POLLIN)
        self._log.listening(self._listener.getsockname()[1], self._settings.backlog)
        gc.freeze()
        while True:
            ready = {fd for fd, _ in poll.poll()}
            if signals in ready:
                if not set(STOPS).isdisjoint(self._signals.take()):
                    break
                self._reap()
            if listener in ready:
                self._accept(1)
        self._accept(self._settings.backlog + 1)  # whoever waits would be reset
        self._listener.close()
        self._end_children()

    def _accept(self, most: int) -> None:
        with contextlib.suppress(BlockingIOError):  # it has gone again, or nothing waits any more
            for fd in self._acceptor.arrivals(most):
                self._fork(fd)
                os.close(fd)

    def _fork(self, fd: int) -> None:
        # A signal that reaches the child while it still has the parent's handling would be
        # written to the parent's pipe. It waits until the child has its own.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            pid = os.fork()
            if pid == 0:
                self._be_child(fd)
        except OSError as error:  # EAGAIN, ENOMEM
            self._log.limit(
                "processes",
                len(self._children),
                f"cannot fork one process more ({error.strerror}): new connections are closed at"
                " once until one ends; raise the pids limit",
            )
        else:
            self._children.add(pid)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def _be_child(self, fd: int) -> NoReturn:
        try:
            self._signals.close()
            self._acceptor.close()
            self._service.run(fd)
        except Exception as error:
            self._log.fault(error)
        finally:
            os._exit(0)  # the rest of the program is the parent's, and so are its exit functions

    def _reap(self) -> None:
        while self._children:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            self._children.discard(pid)

    def _end_children(self) -> None:
        deadline = time.monotonic() + self._settings.grace_ms / 1000
        while self._children and time.monotonic() < deadline:
            for pid in self._children:
                os.kill(pid, signal.SIGTERM)
            time.sleep(REPEAT_S)
            if not set(STOPS).isdisjoint(self._signals.pending()):
                break
            self._reap()
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
        for pid in self._children:
            os.waitpid(pid, 0)


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    ForkingServer(settings, log).run()


VARIANT = Variant(
    idea="blocking calls, a process for each connection (HOWTO, after example 2)",
    workers="1 process per connection",
    group=Group.NAMED,
    since="any",
    ignores=FOR_LOOPS | FOR_THREADS | FOR_POOLS | FOR_SHARED_EPOLL,
    serve=serve,
)
