"""A connection as a coroutine: straight-line code that waits by `await`, as blocking code waits.

asyncio's streams are built on its protocols: one collects what the loop has read, and wakes the
coroutine that waits for it. That costs a buffer and a switch per read, and a task per connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from servers.asyncio_.server import AsyncioServer
from servers.core.shutdown import LINGER_BYTES, LINGER_S
from servers.http.responder import Conversation, Ending

DRAIN_BYTES = 65_536


def stream(server: AsyncioServer) -> asyncio.StreamReaderProtocol:
    """Return the protocol that turns a new connection into a reader, a writer and a coroutine."""
    loop = asyncio.get_running_loop()
    # The protocol stops reading from the peer when twice the limit waits to be read.
    reader = asyncio.StreamReader(limit=server.settings.recv_bytes, loop=loop)
    return asyncio.StreamReaderProtocol(reader, Stream(server).serve, loop=loop)


class Stream:
    """One connection."""

    __slots__ = ("_conversation", "_lingers", "_server", "_transport")

    _transport: asyncio.Transport

    def __init__(self, server: AsyncioServer) -> None:
        self._server = server
        self._conversation: Conversation | None = None
        self._lingers = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve the connection until it ends, and close it. Raises nothing: others live on."""
        self._transport = cast("asyncio.Transport", writer.transport)
        self._server.fit(self._transport)  # with it, drain() waits until all has left
        self._server.live.add(self)
        if self._server.stopping:
            self.hold()  # as the others were at the signal: it may have asked already
        try:
            if await self._converse(reader, writer) is Ending.LINGER:
                self._lingers = True
                await _linger(reader, writer)
        except OSError:
            pass  # the peer has reset the connection, vanished, or lingered for too long
        except Exception as error:  # a fault of this one connection; told, and no one else's
            self._server.log.fault(error)
        finally:
            self._server.live.discard(self)
            writer.close()

    def hold(self) -> None:
        """Read nothing for a moment."""
        if not self._lingers:
            self._transport.pause_reading()

    def stop(self) -> None:
        """End, unless something is in flight, or the end has begun."""
        answering = self._conversation is not None and self._conversation.more
        if answering or self._lingers or self._transport.is_closing():
            return
        if self._server.rests(self._transport):
            self._transport.close()
        else:
            self._transport.resume_reading()

    def abort(self) -> None:
        """End at once."""
        self._transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Ending:
        server = self._server
        answers, recv_bytes = server.answers, server.settings.recv_bytes
        read, write, drain = reader.read, server.write_to(writer.transport), writer.drain
        unsent = writer.transport.get_write_buffer_size
        while data := await read(recv_bytes):
            answered = answers[data] if self._conversation is None else None
            if answered is None:
                ending = await self._answer(data, writer, write)
            else:
                output, ending = answered
                write(output)
                # A coroutine made and run to find that there is nothing to wait for is a good
                # part of what a request costs: drain only what the socket has not taken.
                if unsent():
                    await drain()
            if ending:
                return ending
            if server.stopping:  # requests that have not been read yet will not be
                return Ending.LINGER
        return Ending.CLOSE

    async def _answer(
        self, data: bytes, writer: asyncio.StreamWriter, write: Callable[[bytes], None]
    ) -> Ending:
        """Answer what is not a request alone, or is a part of one."""
        if self._conversation is None:
            self._conversation = Conversation(self._server.routes)
        conversation = self._conversation
        conversation.feed(data)
        output, ending = conversation.answer()
        while output:
            write(output)
            await writer.drain()
            if not conversation.more:
                break
            await asyncio.sleep(0)  # written in turns with the other connections
            if self._transport.is_closing():
                return Ending.CLOSE
            output, ending = conversation.answer()
        if conversation.clean:
            self._conversation = None
        return ending


async def _linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """End a connection whose peer may still be sending: close() would answer that with a reset,
    and a reset can destroy the response on its way. Bounded in time (TimeoutError) and bytes.
    """
    writer.write_eof()
    to_drain = LINGER_BYTES
    async with asyncio.timeout(LINGER_S):
        while to_drain > 0 and (data := await reader.read(DRAIN_BYTES)):
            to_drain -= len(data)
