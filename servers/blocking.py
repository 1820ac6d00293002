"""A connection served by blocking calls, from its first byte to its last.

The heart of every architecture in which a connection has a thread of control to itself, for its
whole life (thread per connection) or while it is its turn (iterative). They share it, so that
what differs between them is who runs it.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from servers.answer import Answers, Conversation, Ending
from servers.idle import set_timeouts
from servers.listener import Acceptor, open_listener
from servers.shutdown import BlockingStop, linger, settle, shut
from servers.site import Site
from servers.writing import make_write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers.events import EventLog
    from servers.settings import Settings


class BlockingServer:
    """Listens, and offers the two halves of a blocking server: accepting, and serving one."""

    def __init__(self, settings: Settings, log: EventLog) -> None:
        self._settings = settings
        self._log = log
        self._listener = open_listener(settings, blocking=True)
        self._acceptor = Acceptor(self._listener, log)
        self._site = Site(settings)
        self._answers = Answers(self._site)
        self._write = make_write(settings)
        self._stop = BlockingStop(self._listener, settings.grace_ms / 1000)

    def connections(self) -> Iterator[int]:
        """Yield the descriptor of each connection as it is accepted, until the server is stopped.

        When the iterator ends, every connection has ended too, or had its grace time.
        """
        self._log.listening(self._listener.getsockname()[1], self._settings.backlog)
        stop, live, accept = self._stop, self._stop.live, self._acceptor.accept
        while True:
            try:
                fd, _ = accept()
            except OSError as error:
                recovered = self._recover(error)
                if recovered is None:
                    if stop.requested:
                        break
                    continue
                fd = recovered
            live.add(fd)
            if stop.requested:  # between accept() and here: the stopping thread has not seen it
                shut(fd, socket.SHUT_RD)
            yield fd
        stop.wait()
        self._listener.close()

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
        self._stop.live.discard(fd)
        os.close(fd)

    def _recover(self, error: OSError) -> int | None:
        try:
            return self._acceptor.recover(error)
        except OSError:
            if self._stop.requested:
                return None
            raise

    def _converse(self, fd: int) -> None:
        read, write, answers = os.read, self._write, self._answers
        recv_bytes = self._settings.recv_bytes
        conversation: Conversation | None = None
        while data := read(fd, recv_bytes):
            answered = answers[data] if conversation is None else None
            if answered is None:
                if conversation is None:
                    conversation = Conversation(self._site)
                conversation.feed(data)
                answered = conversation.answer()
            output, ending = answered
            # A blocking write takes everything, unless a signal comes in between.
            while output:
                output = output[write(fd, output) :]
                if not output and conversation is not None and conversation.more:
                    output, ending = conversation.answer()
            if conversation is not None and conversation.clean:
                conversation = None
            if ending:
                if ending is Ending.LINGER:
                    linger(fd)
                return
        if self._stop.requested:
            settle(fd)  # it may be this side that has ended the input
