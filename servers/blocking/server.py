"""A connection served by blocking calls, from its first byte to its last.

The heart of every architecture in which a connection has a thread of control to itself, for its
whole life (thread per connection) or while it is its turn (iterative). They share it, so that
what differs between them is who runs it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator

from servers.blocking.stopping import BlockingStop, Stopping, linger
from servers.core.events import EventLog
from servers.core.idle_timeout import set_timeouts
from servers.core.listener import Acceptor, open_listener
from servers.core.settings import Settings
from servers.core.shutdown import has_input
from servers.core.writing import make_write
from servers.http.responder import Conversation, Ending, ResponseCache
from servers.http.routes import Routes


class BlockingService:
    """Serves connections, however they were accepted, in the thread or process that calls."""

    def __init__(
        self, settings: Settings, log: EventLog, stop: Stopping, routes: Routes | None = None
    ) -> None:
        """Make what all connections share; or use the routes of other processes."""
        self._stop = stop
        self._settings = settings
        self._log = log
        self._routes = routes or Routes(settings)
        self._answers = ResponseCache(self._routes)
        self._write = make_write(settings)

    def serve_connection(self, fd: int) -> None:
        """Serve a connection until it ends, and close it. Raises nothing: others live on."""
        try:
            if self._settings.idle_timeout_ms:
                set_timeouts(fd, self._settings.idle_timeout_ms)
            self._converse(fd)
        except OSError:
            pass  # the peer has reset the connection, vanished or been idle: its own affair
        except Exception as error:  # a fault of this one connection; told, and no one else's
            self._log.fault(error)
        finally:
            self.close(fd)

    def close(self, fd: int) -> None:
        """Close a connection."""
        self._stop.busy.discard(fd)
        os.close(fd)

    def _linger(self, fd: int) -> None:
        self._stop.busy.add(fd)
        linger(fd)

    def _converse(self, fd: int) -> None:
        read, write, answers, stop = os.read, self._write, self._answers, self._stop
        recv_bytes = self._settings.recv_bytes
        conversation: Conversation | None = None
        while data := read(fd, recv_bytes):
            answered = answers[data] if conversation is None else None
            if answered is None:
                conversation = conversation or Conversation(self._routes)
                ending = self._answer(fd, conversation, data)
                if conversation.clean:
                    conversation = None
            else:
                output, ending = answered
                # A blocking write takes everything, unless a signal comes in between.
                while output:
                    output = output[write(fd, output) :]
            if ending:
                if ending is Ending.LINGER:
                    self._linger(fd)
                return
            if stop.requested and not has_input(fd):
                self._linger(fd)
                return

    def _answer(self, fd: int, conversation: Conversation, data: bytes) -> Ending:
        """Answer what is complete. A job may take its time: whoever stops the server waits."""
        self._stop.busy.add(fd)
        conversation.feed(data)
        more = True
        while more:
            output, ending = conversation.answer()
            while output:
                output = output[self._write(fd, output) :]
            more = conversation.more
        self._stop.busy.discard(fd)
        return ending


class BlockingServer(BlockingService):
    """Listens, and offers the two halves of a blocking server: accepting, and serving one."""

    _stop: BlockingStop

    def __init__(
        self,
        settings: Settings,
        log: EventLog,
        listener: socket.socket | None = None,
        routes: Routes | None = None,
        wake: Callable[[], None] | None = None,
    ) -> None:
        """Listen; or share a blocking listener with other processes, one of which tells of it.

        Then the process ends as soon as the server has stopped (see BlockingStop, also for
        `wake`).
        """
        self._listener = listener or open_listener(settings, blocking=True)
        self._tells = listener is None
        self._acceptor = Acceptor(self._listener, log)
        self.accepted = 0  # connections so far
        self._stop = BlockingStop(
            self._listener, settings.grace_ms / 1000, shared=not self._tells, wake=wake
        )
        super().__init__(settings, log, self._stop, routes)

    def connections(self) -> Iterator[int]:
        """Yield the descriptor of each connection as it is accepted, until the server is stopped.

        When the iterator ends, every connection has ended too, or had its grace time.
        """
        if self._tells:
            self._log.listening(self._listener.getsockname()[1], self._settings.backlog)
        stop, live, arrivals = self._stop, self._stop.live, self._acceptor.arrivals()
        while not self._stop.requested:
            try:
                fd = next(arrivals)
            except OSError:
                if stop.requested:  # the listener has been shut
                    break
                raise
            self.accepted += 1
            live.add(fd)
            if stop.requested:  # between accept() and here: the stopping thread has not seen it
                stop.wake(fd)
            yield fd
        stop.wait()
        self._listener.close()

    def close(self, fd: int) -> None:
        """Close a connection."""
        self._stop.live.discard(fd)
        super().close(fd)
