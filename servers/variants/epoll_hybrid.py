"""Hybrid: an event loop for the network, and threads for what blocks.

How it works. The loop is `epoll_level`'s, unchanged for every request that can be answered at
once. A request that needs the database, or computes, becomes a job: a thread of a pool takes it
from a queue and is blocked in the loop's place. Its result comes back by another queue, and an
eventfd, one more descriptor in the loop's epoll set, wakes the loop for it. All sockets are the
loop's alone, so nothing about a connection needs a lock: what crosses over is a job, and bytes.

What keeps its order. One connection has one job at a time, and while that is done nothing more is
read from it: the responses stay in the order of the requests, and a peer cannot make the server
remember more than one read has brought. The descriptor stays open until the job has ended, even
if the peer has gone meanwhile, so its number cannot come to stand for somebody else, who would
get the answer. That the peer has gone is noticed when the answer is written.

Where it breaks. The pool is bounded, and a job that waits for a thread waits behind all others:
with more slow queries at once than `workers`, they wait as in `thread_pool`, but only they. Each
job costs two queues, an eventfd and two changes of threads, far more than the look-up of a page,
so what is quick should stay in the loop. And in CPython threads wait in parallel but compute in
turns: /db leaves the interpreter to the loop, /cpu holds it, and the loop, which needs it again
after each system call, waits for it up to `switch_interval_us` each time: at 500 it was seen to
give others thirty times as many answers during one /cpu job as at the default.

Source. The HOWTO's text, before its third example: one thread with asynchronous sockets may be
the network's part of a larger program, and threads may ask the blocking resource, a database for
instance. eventfd(2) names this use: a descriptor on which a thread signals an event loop.

Not shared with the HOWTO's listings: a peer that closes early is unregistered, so the loop does
not spin on its descriptor; one that resets does not raise out of the loop.
"""

from __future__ import annotations

import os
import select
from collections import deque
from collections.abc import Iterable
from queue import SimpleQueue

from servers.core.events import EventLog
from servers.core.settings import FOR_SHARED_EPOLL, Settings
from servers.core.variant import Group, Variant
from servers.http.responder import Conversation, Ending
from servers.http.routes import Job
from servers.readiness.connection import Connection
from servers.readiness.loop import ReadinessServer
from servers.variants.epoll_level import EpollReadiness
from servers.workers.pool import start_pool

OWN_WORKERS = 32


class HybridReadiness(EpollReadiness):
    """epoll, level-triggered, which can also leave a connection alone for a while."""

    def watch_nothing(self, fd: int) -> None:
        """Keep a connection that is busy, but tell of nothing, and of its end once at most."""
        self._epoll.modify(fd, select.EPOLLONESHOT)


class HybridConnection(Connection):
    """A connection whose jobs are done by others."""

    __slots__ = ("_hybrid",)

    def __init__(self, server: HybridServer, fd: int) -> None:
        super().__init__(server, fd)
        self._hybrid = server
        self._conversation = Conversation(server.routes, inline=False)

    def hold(self, output: bytes, ending: Ending) -> None:
        if output or not self._start_job():
            super().hold(output, ending)

    def _write_on(self) -> None:
        if self._output or not self._start_job():
            super()._write_on()

    def _start_job(self) -> bool:
        """Hand over the job that is next; return whether there was one."""
        job = self._conversation.job
        if job is None:
            return False
        self._server.unsent.discard(self._fd)
        self._hybrid.start_job(self._fd, self, job)
        return True

    def resume(self, body: bytes) -> None:
        """Go on after a job: answer, and whatever comes next."""
        self._server.special[self._fd] = self._read_on
        self._server.readiness.watch_input(self._fd)
        self._conversation.done(body)
        self.reply()


class HybridServer(ReadinessServer):
    """A readiness loop that hands jobs to threads."""

    def __init__(self, settings: Settings, log: EventLog, readiness: HybridReadiness) -> None:
        super().__init__(settings, log, readiness)
        self._epoll = readiness
        self._jobs: SimpleQueue[tuple[int, HybridConnection, Job]] = SimpleQueue()
        self._results: deque[tuple[int, HybridConnection, bytes | Exception]] = deque()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.special[self._wake] = self._own[self._wake] = self._woken
        readiness.watch(self._wake)
        start_pool(settings, log, OWN_WORKERS, self._work)

    def stand_in(self, fd: int) -> Connection:
        return HybridConnection(self, fd)

    def start_job(self, fd: int, connection: HybridConnection, job: Job) -> None:
        """Have a thread do the job; the connection is left alone until it is done."""
        self._epoll.watch_nothing(fd)
        self.special[fd] = _gone_while_busy
        self.busy.add(fd)
        self._jobs.put((fd, connection, job))

    def _work(self) -> None:
        """Do jobs, in a thread of the pool."""
        while True:
            fd, connection, job = self._jobs.get()
            result: bytes | Exception
            try:
                result = job()
            except Exception as error:  # it is the connection's, and told by the loop
                result = error
            self._results.append((fd, connection, result))
            os.eventfd_write(self._wake, 1)

    def _woken(self) -> None:
        os.eventfd_read(self._wake)

    def _handle(self, ready: Iterable[tuple[int, int]]) -> None:
        # Results come last: one may close a connection, and `ready` may tell of that as well.
        super()._handle(ready)
        while self._results:
            fd, connection, result = self._results.popleft()
            self.busy.discard(fd)
            try:
                if isinstance(result, Exception):
                    raise result
                connection.resume(result)
            except Exception as error:
                self._failed(fd, error)


def _gone_while_busy() -> None:
    """Do nothing: the peer has gone, and the connection ends when its job has."""


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    HybridServer(settings, log, HybridReadiness()).run()


VARIANT = Variant(
    idea="an event loop for the network, threads for a blocking resource (HOWTO, before example 3)",
    workers=f"1 thread, and {OWN_WORKERS} for jobs, or as `workers` says",
    group=Group.NAMED,
    since="2.6.27",
    ignores=FOR_SHARED_EPOLL,
    serve=serve,
)
