"""A connection as callbacks: what asyncio calls a protocol.

The loop reads, and calls `data_received` with what it has read. Output is given to the transport,
which sends it at once and keeps what the socket does not take; with a limit of 0 for what it
keeps, it calls `pause_writing` exactly when the peer does not read, and `resume_writing` when all
has left. In between nothing is read from the peer either, so that memory is bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import cast

from servers.asyncio_.server import AsyncioServer
from servers.core.shutdown import LINGER_BYTES, LINGER_S
from servers.http.responder import Conversation, Ending


class Connection(asyncio.Protocol):
    """One connection, from its first byte to its last response."""

    __slots__ = (
        "_answers",
        "_conversation",
        "_ending",
        "_server",
        "_transport",
        "_unsent",
        "_write",
    )

    def __init__(self, server: AsyncioServer) -> None:
        self._server = server
        self._answers = server.answers
        self._conversation: Conversation | None = None
        self._unsent = False  # the transport keeps output that the peer has not taken
        self._ending = Ending.OPEN  # what is to follow when all has left

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._server.fit(transport)
        self._write = self._server.write_to(self._transport)
        self._server.live.add(self)
        if self._server.stopping:
            self.stop()

    def data_received(self, data: bytes) -> None:
        """Answer what has been read."""
        if self._conversation is None:
            answered = self._answers[data]
            if answered is not None:
                output, ending = answered
                self._write(output)
                if ending:
                    self._finish(ending)
                return
            self._conversation = Conversation(self._server.routes)
        self._conversation.feed(data)
        self._answer()

    def pause_writing(self) -> None:
        """Read nothing more until the peer reads."""
        self._unsent = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on: the peer has taken all output."""
        self._unsent = False
        if self._conversation is not None and self._conversation.more:
            self._answer()
        else:
            self._finish(self._ending)

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget it: it is closed, by whichever side."""
        self._server.live.discard(self)

    def hold(self) -> None:
        """Read nothing for a moment."""
        self._transport.pause_reading()

    def stop(self) -> None:
        """End, unless something is in flight."""
        answering = self._conversation is not None and self._conversation.more
        if answering or self._unsent or self._transport.is_closing():
            return
        if self._server.rests(self._transport):
            self._transport.close()
        else:
            self._transport.resume_reading()

    def abort(self) -> None:
        """End at once."""
        self._transport.abort()

    def _answer(self) -> None:
        """Write one output. What does not fit into it is written in turns with the others."""
        conversation = self._conversation
        if conversation is None or self._transport.is_closing():
            return
        try:
            output, self._ending = conversation.answer()
        except Exception as error:  # a fault of this one connection; told, and no one else's
            self._server.log.fault(error)
            self._transport.abort()
            return
        if output:
            self._write(output)
        if conversation.more:
            if not self._unsent:
                self._transport.pause_reading()
                asyncio.get_running_loop().call_soon(self._answer)
            return
        if conversation.clean:
            self._conversation = None
        self._finish(self._ending)

    def _finish(self, ending: Ending) -> None:
        """Go on as `ending` says, at once or when all output has left."""
        if self._server.stopping and ending is Ending.OPEN and not self._unsent:
            # Requests that have not been read yet will not be: drained, they do not cause a reset.
            ending = Ending.LINGER
        self._ending = ending
        if ending is Ending.CLOSE:
            self._transport.close()  # sends what it still has first
        elif self._unsent:
            return
        elif ending is Ending.LINGER:
            self._server.live.discard(self)
            Lingering(self._server, self._transport)
        else:
            self._transport.resume_reading()


class Lingering(asyncio.Protocol):
    """What is left of a connection whose peer may still be sending: close() would answer that
    with a reset, and a reset can destroy the response on its way. Bounded in time and bytes.
    """

    def __init__(self, server: AsyncioServer, transport: asyncio.Transport) -> None:
        self._server = server
        self._transport = transport
        self._to_drain = LINGER_BYTES
        server.live.add(self)
        with contextlib.suppress(OSError):  # reset meanwhile, as the next read will tell
            transport.write_eof()
        transport.set_protocol(self)
        transport.resume_reading()
        asyncio.get_running_loop().call_later(LINGER_S, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Drop it."""
        self._to_drain -= len(data)
        if self._to_drain <= 0:
            self.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget it."""
        self._server.live.discard(self)

    def hold(self) -> None:
        """Go on: it answers nothing."""

    def stop(self) -> None:
        """Go on: it has an end."""

    def abort(self) -> None:
        """End at once."""
        self._transport.abort()
