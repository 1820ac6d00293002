"""Generators: a coroutine per connection, written as if it could block, run by an event loop.

How it works. An event loop turns a program inside out: what a connection was doing has to be kept
in data, and found again when the next event comes. That is the state machine of the C10K page; in
`epoll_level` it is the table `special` and the class `Connection`. A generator is a function that
can stop in the middle, so the compiler keeps that state: the locals, and the place in the code.
Read `_connection` below beside `servers/blocking/server.py`: the same text, with `yield INPUT`
where a read would block and `yield OUTPUT` where a write would. A loop of a few lines
(servers/readiness/trampoline.py) resumes each when the kernel says so. A wait inside a function
that was called needs that function to be a generator too, and `yield from` to call it; `async def`
and `await` are these two, with a syntax of their own.

Where it breaks. As every loop in one thread: a call that really blocks holds up all connections,
and nothing but care prevents it. Each connection costs a frame, idle or not: some 450 bytes (seen
with CPython 3.11), where `epoll_level` keeps nothing at all. And every level of `yield from` is one
more to go down on each resume, so the path of a usual request is kept in one generator.

What it costs. A request: a read, a write and a share of epoll_wait (counted with strace -c), the
same three as `epoll_level`. A coroutine is no business of the kernel's.

Source. Kegel, "The C10K problem", on state machines and user-level threads; PEP 342, coroutines
via enhanced generators, whose example of a trampoline this one resembles; PEP 380, `yield from`.

Not shared with the HOWTO's listings: a peer that closes early, or resets, ends its own coroutine,
whose `finally` closes the descriptor; the loop neither spins nor ends.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time

from servers.core.events import EventLog
from servers.core.idle_timeout import IdleCheck
from servers.core.listener import Acceptor, open_listener
from servers.core.settings import FOR_POOLS, FOR_SHARED_EPOLL, FOR_THREADS, Settings
from servers.core.shutdown import LINGER_BYTES, LINGER_S, StopSignal, shut
from servers.core.variant import Group, Variant
from servers.core.writing import make_write
from servers.http.responder import Conversation, Ending, ResponseCache
from servers.http.routes import Routes
from servers.readiness.loop import SWEEP_S
from servers.readiness.mechanism import FOREVER, LimitReachedError
from servers.readiness.trampoline import INPUT, OUTPUT, Coroutine, Trampoline
from servers.variants.epoll_level import EpollReadiness


class GeneratorServer:
    """Serves all connections in the calling thread: a coroutine for each, and two for itself."""

    def __init__(self, settings: Settings, log: EventLog) -> None:
        self._settings = settings
        self._log = log
        self._routes = Routes(settings)
        self._answers = ResponseCache(self._routes)
        self._write = make_write(settings)
        self._listener = open_listener(settings, blocking=False)
        self._acceptor = Acceptor(self._listener, log)
        self._stop_signal = StopSignal()
        self._unsent: set[int] = set()  # connections with output that the peer has not taken
        self._deadlines: dict[int, float] = {}  # of lingering connections
        self._grace_deadline: float | None = None
        self._at_rest = False  # the last turn found nothing ready
        self._trampoline = Trampoline(EpollReadiness())

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then until what is in flight has ended."""
        self._trampoline.start(self._listener.fileno(), self._accept())
        self._trampoline.start(self._stop_signal.fd, self._stop())
        self._log.listening(self._listener.getsockname()[1], self._settings.backlog)
        idle = IdleCheck(self._settings.idle_timeout_ms)
        turn, idle_s = self._trampoline.turn, idle.interval_s or FOREVER
        while not self._ended():
            if self._deadlines or self._grace_deadline is not None:
                self._at_rest = not turn(SWEEP_S if self._in_flight else 0.0)
                self._end_overdue()
            else:
                turn(idle_s)
            if idle.interval_s:
                idle.look()

    def _accept(self) -> Coroutine[None]:
        try:
            while True:
                yield INPUT
                self._let_in(self._settings.accepts_per_wakeup)
        finally:
            self._listener.close()

    def _let_in(self, most: int) -> None:
        with contextlib.suppress(BlockingIOError):  # nothing is waiting any more
            for fd in self._acceptor.arrivals(most):
                self._start(fd)

    def _start(self, fd: int) -> None:
        try:
            os.set_blocking(fd, False)
            self._trampoline.start(fd, self._connection(fd))
        except LimitReachedError as limit:
            self._log.limit(limit.limit, limit.value, limit.message)
            os.close(fd)

    def _stop(self) -> Coroutine[None]:
        yield INPUT
        self._stop_signal.take()
        self._let_in(self._settings.backlog + 1)  # whoever waits would be reset
        self._trampoline.end(self._listener.fileno())
        self._answers.end()  # so that each connection ends with its next response
        self._at_rest = False
        self._grace_deadline = time.monotonic() + self._settings.grace_ms / 1000
        yield INPUT
        self._stop_signal.take()
        self._grace_deadline = time.monotonic()  # a second signal: now

    def _connection(self, fd: int) -> Coroutine[None]:
        """One connection from its first byte to its last. Raises nothing: others live on."""
        read, write, answers = os.read, self._write, self._answers
        recv_bytes = self._settings.recv_bytes
        try:
            ending = Ending.OPEN
            while not ending:
                yield INPUT
                data = read(fd, recv_bytes)
                answered = answers[data]
                if answered is None:
                    ending = yield from self._converse(fd, data)
                    continue
                output, ending = answered
                try:
                    sent = write(fd, output)
                except BlockingIOError:
                    sent = 0
                if sent != len(output):
                    yield from self._send(fd, output[sent:])
                    ending = self._ending(ending)
            if ending is Ending.LINGER:
                yield from self._linger(fd)
        except OSError:
            pass  # the peer has reset the connection or vanished: its own affair
        except Exception as error:  # a fault of this one connection; told, and no one else's
            self._log.fault(error)
        finally:
            os.close(fd)

    def _converse(self, fd: int, data: bytes) -> Coroutine[Ending]:
        """Serve what comes in pieces or takes long, until nothing is pending any more."""
        conversation = Conversation(self._routes)
        while data:
            conversation.feed(data)
            output, ending = conversation.answer()
            yield from self._send(fd, output)
            while conversation.more:
                yield from self._room(fd)  # which there may be already: the others' turn
                output, ending = conversation.answer()
                yield from self._send(fd, output)
            ending = self._ending(ending)
            if ending or conversation.clean:
                return ending
            yield INPUT
            data = os.read(fd, self._settings.recv_bytes)
        return Ending.CLOSE

    def _send(self, fd: int, output: bytes) -> Coroutine[None]:
        """Write all of it. Until then nothing more is read from the peer, so that one that never
        reads cannot make the server remember more and more.
        """
        while output:
            try:
                output = output[self._write(fd, output) :]
            except BlockingIOError:
                yield from self._room(fd)

    def _room(self, fd: int) -> Coroutine[None]:
        """Wait until the peer has taken some of what was sent."""
        self._unsent.add(fd)
        try:
            yield OUTPUT
        finally:
            self._unsent.discard(fd)

    def _ending(self, ending: Ending) -> Ending:
        """What follows a response that may have been waited for while the server was stopped:
        what the peer has sent meanwhile is drained, so that no reset destroys the response.
        """
        return ending or (Ending.OPEN if self._grace_deadline is None else Ending.LINGER)

    def _linger(self, fd: int) -> Coroutine[None]:
        """Drop what a refused peer may still be sending. Bounded in time and bytes."""
        shut(fd, socket.SHUT_WR)
        self._deadlines[fd] = time.monotonic() + LINGER_S
        left = LINGER_BYTES
        try:
            while left > 0:
                yield INPUT
                received = len(os.read(fd, self._settings.recv_bytes))
                if not received:
                    break
                left -= received
        finally:
            del self._deadlines[fd]

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for fd in [fd for fd, deadline in self._deadlines.items() if deadline <= now]:
            self._trampoline.end(fd)

    @property
    def _in_flight(self) -> bool:
        return bool(self._unsent or self._deadlines)

    def _ended(self) -> bool:
        """Whether all has been answered that had come, or the grace time is over."""
        if self._grace_deadline is None:
            return False
        done = self._at_rest and not self._in_flight
        return done or time.monotonic() >= self._grace_deadline


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    GeneratorServer(settings, log).run()


VARIANT = Variant(
    idea="a generator per connection, written as if it blocked, resumed by a loop over epoll",
    workers="1 thread",
    group=Group.LOOPS,
    since="2.6",
    ignores=FOR_THREADS | FOR_POOLS | FOR_SHARED_EPOLL,
    serve=serve,
)
