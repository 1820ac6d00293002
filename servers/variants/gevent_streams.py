"""gevent: straight-line code on greenlets, threads that the kernel knows nothing of.

How it works. A greenlet per connection runs what a thread would run: receive, answer, send, until
the peer has gone. The calls are gevent's: each tries first, and if the kernel says that it would
have to wait, the greenlet asks the hub (libev, on epoll) to be told, and switches to it. A switch
moves a piece of the C stack to the heap and another one back; the kernel is not involved. No
`await` shows where that happens: the code reads as that of thread_per_connection does.

Where it breaks. Trying first is a system call that fails, and an exception made for it, whenever a
peer has not sent its next request yet: two reads for each request then, as strace shows.
`sendall()` asks for the size of the socket's buffer at each call, so this server uses `send()`,
which does not, and `sendall()` only for a rest. A greenlet that never has to wait never lets the
others run: here it gives way after so many reads. An idle connection was seen to cost 8.7 KB, more
than with asyncio or uvloop. And a call that blocks the thread (the database's here, or one that
knows nothing of gevent) blocks all greenlets; that is why many programs let gevent replace the
standard library's calls by its own. This server calls gevent's by name.

Source. Kegel, "The C10K problem", user-level threads; HOWTO, the thread per connection that its
code is modelled on.

Not shared with the HOWTO's listings: a peer that closes early or resets ends its own greenlet; a
request is read up to a limit; nothing is read from a peer while its response does not leave.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from servers.core.events import EventLog
from servers.core.idle_timeout import IdleCheck
from servers.core.listener import Acceptor, open_listener
from servers.core.settings import FOR_POOLS, FOR_SHARED_EPOLL, FOR_THREADS, Settings
from servers.core.shutdown import LOOKS, SWEEP_S, StopSignal, drain, is_idle
from servers.core.variant import Group, Variant
from servers.core.writing import adapt_write
from servers.http.responder import Conversation, Ending, ResponseCache
from servers.http.routes import Routes

if TYPE_CHECKING:
    import gevent.event
    import gevent.socket

READABLE = 1  # libev's name for it is EV_READ
TURNS = 64  # reads in a row, after which a greenlet lets the others run


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    GreenletServer(settings, log).run()


class GreenletServer:
    """Serves all connections in the calling thread."""

    def __init__(self, settings: Settings, log: EventLog) -> None:
        import gevent
        import gevent.event
        import gevent.socket

        self._settings = settings
        self._log = log
        self._listener = open_listener(settings, blocking=False)
        self._kind = self._listener.family, self._listener.type, self._listener.proto
        self._acceptor = Acceptor(self._listener, log)
        self._routes = Routes(settings)
        self._answers = ResponseCache(self._routes)
        self._live: set[int] = set()
        self._busy: set[int] = set()  # answering in several turns, or lingering
        self._stop_signal = StopSignal()
        self._stopping = self._hurried = False
        self._ending: gevent.event.AsyncResult[None] = gevent.event.AsyncResult()
        self._io = gevent.get_hub().loop.io
        self._spawn, self._sleep = gevent.spawn_raw, gevent.sleep
        self._socket = gevent.socket.socket

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then until what is in flight has ended."""
        arrivals = self._io(self._listener.fileno(), READABLE)
        arrivals.start(self._accept)
        signals = self._io(self._stop_signal.fd, READABLE)
        signals.start(self._signalled)
        if self._settings.idle_timeout_ms:
            self._spawn(self._look)
        self._log.listening(self._listener.getsockname()[1], self._settings.backlog)
        try:
            self._ending.get()
            arrivals.stop()
            self._accept(self._settings.backlog + 1)  # whoever waits would be reset
            self._listener.close()
            self._wind_down()
        finally:
            arrivals.stop()
            signals.stop()
            self._listener.close()

    def _wind_down(self) -> None:
        self._stopping = True
        deadline = time.monotonic() + self._settings.grace_ms / 1000
        looks = 0
        while looks < LOOKS and not self._hurried and time.monotonic() < deadline:
            looks = 0 if self._in_flight() else looks + 1
            self._sleep(SWEEP_S)

    def _in_flight(self) -> bool:
        """Whether anybody is being served, those included who asked a moment ago."""
        return any(fd in self._busy or not is_idle(fd) for fd in self._live)

    def _signalled(self) -> None:
        self._stop_signal.take()
        self._hurried = self._stopping
        self._ending.set(None)

    def _look(self) -> None:
        idle = IdleCheck(self._settings.idle_timeout_ms)
        while True:
            self._sleep(idle.due_in_s)
            idle.look()

    def _accept(self, most: int = 0) -> None:
        try:
            for fd in self._acceptor.arrivals(most or self._settings.accepts_per_wakeup):
                # spawn_raw: a greenlet that nobody will ask for its result or its end.
                self._spawn(self._serve_connection, fd)
        except BlockingIOError:
            return
        except Exception as error:  # the listener is of no use any more: the end of the server
            self._ending.set_exception(error)

    def _serve_connection(self, fd: int) -> None:
        """Serve a connection until it ends, and close it. Raises nothing: others live on."""
        connection = self._socket(*self._kind, fileno=fd)
        self._live.add(fd)
        try:
            if self._converse(connection) is Ending.LINGER:
                self._linger(connection)
        except OSError:
            pass  # the peer has reset the connection, vanished or been idle: its own affair
        except Exception as error:  # a fault of this one connection; told, and no one else's
            self._log.fault(error)
        finally:
            self._live.discard(fd)
            self._busy.discard(fd)
            connection.close()

    def _converse(self, connection: gevent.socket.socket) -> Ending:
        receive, answers, write = connection.recv, self._answers, self._write_to(connection)
        recv_bytes = self._settings.recv_bytes
        conversation: Conversation | None = None
        turns = TURNS
        while data := receive(recv_bytes):
            answered = answers[data] if conversation is None else None
            if answered is not None:
                output, ending = answered
                write(output)
            else:
                if conversation is None:
                    conversation = Conversation(self._routes)
                conversation.feed(data)
                ending = self._answer(conversation, connection.fileno(), write)
                if conversation.clean:
                    conversation = None
            if ending:
                return ending
            if self._stopping:  # requests that have not been read yet will not be
                return Ending.LINGER
            turns -= 1
            if not turns:
                self._sleep(0)
                turns = TURNS
        return Ending.CLOSE

    def _answer(
        self, conversation: Conversation, fd: int, write: Callable[[bytes], None]
    ) -> Ending:
        output, ending = conversation.answer()
        write(output)
        while conversation.more:
            self._busy.add(fd)
            self._sleep(0)  # what does not fit into one output is written in turns
            output, ending = conversation.answer()
            write(output)
        self._busy.discard(fd)
        return ending

    def _write_to(self, connection: gevent.socket.socket) -> Callable[[bytes], None]:
        """Return the function that writes as the settings say, and waits until all has left."""
        send, send_all = connection.send, connection.sendall

        def write(output: bytes | memoryview) -> None:
            # sendall() asks for the size of the socket's buffer first, a system call of its own.
            sent = send(output)
            if sent != len(output):
                send_all(memoryview(output)[sent:])

        return adapt_write(self._settings, write, connection)

    def _linger(self, connection: gevent.socket.socket) -> None:
        """End a connection whose peer may still be sending."""
        self._busy.add(connection.fileno())
        connection.shutdown(socket.SHUT_WR)
        drain(connection)


VARIANT = Variant(
    idea="straight-line code on greenlets: user-level threads, switched when a call would wait",
    workers="1 thread, a greenlet per connection",
    group=Group.LOOPS,
    since="2.6",
    ignores=FOR_THREADS | FOR_POOLS | FOR_SHARED_EPOLL,
    serve=serve,
)
