"""What a connection of an event loop needs while something is pending: the slow half of the loop.

It is made when a request comes in pieces or a response does not leave at once, and forgotten when
the connection is between two requests again. `Loop.special` holds, for its descriptor, what to
do when that is ready: read on, write on, or (after a refusal) drain.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Protocol

from servers.core.settings import Settings
from servers.core.shutdown import LINGER_BYTES, shut
from servers.core.writing import Write
from servers.http.responder import Conversation, Ending
from servers.http.routes import Routes
from servers.readiness.mechanism import Readiness


class Loop(Protocol):
    """What a connection asks of its server."""

    settings: Settings
    routes: Routes
    readiness: Readiness
    write: Write
    special: dict[int, Callable[[], None]]  # by descriptor: what to do when it is ready
    unsent: set[int]  # connections with output that the peer has not taken

    @property
    def stopping(self) -> bool:
        """Whether the server has been told to stop."""

    def drop(self, fd: int) -> None:
        """Close a connection that may have something pending."""

    def expect_end(self, fd: int) -> None:
        """Close a connection in a while, unless its peer does so before."""


class Connection:
    """One connection with something pending. Holds at most what one read has brought, and one
    output (see `Conversation`).
    """

    __slots__ = ("_conversation", "_ending", "_fd", "_output", "_server", "_to_drain")

    def __init__(self, server: Loop, fd: int) -> None:
        self._server = server
        self._fd = fd
        self._conversation = Conversation(server.routes)
        self._output: bytes | memoryview = b""
        self._ending = Ending.OPEN
        self._to_drain = LINGER_BYTES

    def receive(self, data: bytes) -> None:
        """Answer what has been read; no data is the end of the input, and of the connection."""
        if not data:
            self._server.drop(self._fd)
            return
        self._conversation.feed(data)
        self.reply()

    def reply(self) -> None:
        """Write what there is to answer, or as much of it as the socket takes."""
        output, ending = self._conversation.answer()
        sent = 0
        if output:
            try:
                sent = self._server.write(self._fd, output)
            except BlockingIOError:
                sent = 0
        if sent == len(output) and not self._conversation.more:
            self.finish(ending)
        else:
            self.hold(output[sent:], ending)

    def hold(self, output: bytes, ending: Ending) -> None:
        """Keep output until the peer takes it. Until then nothing more is read from the peer,
        so that one that never reads cannot make the server remember more and more. What does not
        fit into one answer is written in turns with the other connections.
        """
        self._output, self._ending = memoryview(output) if output else b"", ending
        self._server.readiness.watch_output(self._fd)
        self._server.unsent.add(self._fd)
        self._server.special[self._fd] = self._write_on

    def finish(self, ending: Ending) -> None:
        """Go on as `ending` says; all output has been written."""
        server, fd = self._server, self._fd
        if server.stopping and ending is Ending.OPEN:
            # Requests that have not been read yet will not be. The response is safe from the
            # reset that they would cause only if they are drained.
            ending = Ending.LINGER
        if ending is Ending.CLOSE:
            server.drop(fd)
        elif ending is Ending.LINGER:
            shut(fd, socket.SHUT_WR)
            server.special[fd] = self._drain
            server.expect_end(fd)
        elif self._conversation.clean:
            server.special.pop(fd, None)
        else:
            server.special[fd] = self._read_on

    def _read_on(self) -> None:
        self.receive(os.read(self._fd, self._server.settings.recv_bytes))

    def _write_on(self) -> None:
        if not self._output:
            self._output, self._ending = self._conversation.answer()
        sent = self._server.write(self._fd, self._output)
        self._output = memoryview(self._output)[sent:]
        if self._output:
            return
        self._output = b""  # the slice would keep the whole output alive
        if self._conversation.more:
            return
        self._server.unsent.discard(self._fd)
        self._server.readiness.watch_input(self._fd)
        self.finish(self._ending)

    def _drain(self) -> None:
        received = len(os.read(self._fd, self._server.settings.recv_bytes))
        self._to_drain -= received
        if not received or self._to_drain <= 0:
            self._server.drop(self._fd)
