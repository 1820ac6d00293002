"""What a connection of a completion loop needs while something is pending: the slow half of it.

Under readiness a server that stops reading is not told any more. Under completion the kernel goes
on receiving until it is asked to stop, so there are two more things to remember: what came while
output was still being sent, and whether the receive that keeps coming is still there. A connection
has an object of this kind only while that lasts (see loop.py).
"""

from __future__ import annotations

import errno
import socket
from collections import deque
from typing import Protocol

from servers.core.shutdown import LINGER_BYTES, shut
from servers.core.writing import Split
from servers.http.responder import OUTPUT_BYTES, Conversation, Ending
from servers.http.routes import Routes

INPUT_BYTES = OUTPUT_BYTES  # that may wait for output to leave before receiving is stopped
# Why a receive ends though the connection goes on: no buffer was free, or it was asked to end.
GOES_ON = frozenset({errno.ENOBUFS, errno.ECANCELED})


class Completions(Protocol):
    """What a pending connection asks of its server. A key names a connection, for ever."""

    routes: Routes

    @property
    def stopping(self) -> bool:
        """Whether the server has been told to stop."""

    def descriptor(self, key: int) -> int:
        """Return the descriptor of a connection."""

    def receive(self, key: int) -> None:
        """Ask for all input, until further notice."""

    def stop_receiving(self, key: int) -> None:
        """Ask for an end of that; input that is under way still comes."""

    def send(self, key: int, output: bytes) -> None:
        """Ask for output to be sent. It must not change, nor go away, until that has ended."""

    def stop_sending(self, key: int) -> None:
        """Ask for an end of that."""

    def is_reset(self, key: int) -> bool:
        """Whether the peer has reset the connection.

        Multishot receive does not tell of it when the reset came together with the last data (seen
        on Linux 6.18). A send that follows finds out; but a piece of a request has no answer.
        """

    def expect_end(self, key: int) -> None:
        """Drop the connection in a while, unless its peer ends it before."""

    def forget(self, key: int) -> None:
        """Take a connection back that has nothing pending."""

    def close(self, key: int) -> None:
        """End a connection; nothing of it is being sent."""


class PendingConnection:
    """One connection with something pending: a request in pieces, output, or its end.

    Holds at most INPUT_BYTES and what was under way when receiving was stopped, the requests of
    one piece of input, and one output.
    """

    __slots__ = (
        *("_asked_to_end", "_conversation", "_dropped", "_ending", "_input", "_input_bytes"),
        *("_input_ended", "_key", "_lingers", "_parts", "_receiving", "_server", "_to_drain"),
        "_waits",
    )

    def __init__(self, server: Completions, key: int, *, waits: bool) -> None:
        """Stand in for a connection that is being received from. If it `waits`, output has been
        handed over of which it is not known yet whether all has left.
        """
        self._server = server
        self._key = key
        self._conversation = Conversation(server.routes)
        self._parts: deque[bytes] = deque()  # of the output; the first is under way
        self._waits = waits
        self._ending = Ending.OPEN
        self._input: deque[bytes] = deque()
        self._input_bytes = 0
        self._input_ended = False
        self._receiving = True
        self._asked_to_end = False
        self._lingers = False
        self._to_drain = LINGER_BYTES
        self._dropped = False

    @property
    def in_flight(self) -> bool:
        """Whether the server's end has to wait for this connection."""
        return bool(self._parts) or self._lingers or self._waits

    def received(self, result: int, data: bytes, goes_on: bool) -> None:
        """Take what has come, or (no data) the error or the end that `result` stands for."""
        self._receiving = goes_on
        if self._dropped:
            return
        if not data and result and -result not in GOES_ON:
            self.drop()  # the peer has reset the connection, or has gone
            return
        if self._lingers:
            self._to_drain -= len(data)
        elif data:
            self._input.append(data)
            self._input_bytes += len(data)
        self._input_ended = self._input_ended or not (data or result)
        self._go_on()

    def answer(self, output: bytes, ending: Ending) -> None:
        """Send an answer that somebody else has made."""
        self._ending = ending
        self._send(output)

    def confirmed(self) -> None:
        """Take that all output handed over before has left."""
        if self._waits:
            self._waits = False
            if self._dropped:
                self.drop()
            else:
                self._go_on()

    def go_on_sending(self, rest: bytes, ending: Ending) -> None:
        """Take what has not left of output handed over before."""
        self._waits = False
        self._ending = ending
        if self._dropped:
            self.drop()
        else:
            self._send(rest)

    def failed(self) -> None:
        """Take that nothing of it will leave any more."""
        self._waits = False
        self.drop()

    def sent(self, result: int) -> None:
        """Take how much of the output has left, or the error that ended it."""
        part = self._parts.popleft()
        if result <= 0 or self._dropped:
            self._parts.clear()
            self.drop()
            return
        if result < len(part):
            self._parts.appendleft(part[result:])
        if self._parts:
            self._server.send(self._key, self._parts[0])
            return
        # Requests that have not been read yet will not be, when the server is stopping: the
        # response is safe from the reset that they would cause only if they are drained.
        if self._server.stopping and not self._ending and not self._conversation.more:
            self._ending = Ending.LINGER
        self._go_on()

    def drop(self) -> None:
        """End the connection, whatever is pending; output is not freed while it is being sent."""
        if self._parts and not self._dropped:
            self._server.stop_sending(self._key)
        if not self._parts and not self._waits:
            self._server.close(self._key)
        self._dropped = True

    def _go_on(self) -> None:
        """Do what can be done now: send, understand what has come, receive on, or end."""
        while not (self._parts or self._lingers or self._waits):
            if self._conversation.more:
                output, self._ending = self._conversation.answer()
                self._send(output)
            elif self._ending is Ending.LINGER:
                shut(self._server.descriptor(self._key), socket.SHUT_WR)
                self._lingers = True
                self._input.clear()
                self._input_bytes = 0
                self._server.expect_end(self._key)
            elif self._input and self._ending is Ending.OPEN:
                data = self._input.popleft()
                self._input_bytes -= len(data)
                self._conversation.feed(data)
            else:
                break
        over = self._ending is Ending.CLOSE or self._input_ended or self._to_drain <= 0
        if over and not (self._parts or self._waits):
            self._server.close(self._key)
        else:
            self._receive_on()

    def _send(self, output: bytes) -> None:
        self._parts.extend(map(bytes, output.parts()) if isinstance(output, Split) else [output])
        self._server.send(self._key, self._parts[0])

    def _receive_on(self) -> None:
        """Keep receiving, unless the peer sends on and on while it takes no output."""
        full = self._input_bytes >= INPUT_BYTES
        if self._receiving:
            if full and not self._asked_to_end:
                self._server.stop_receiving(self._key)
                self._asked_to_end = True
        elif not full and not self._input_ended:
            self._server.receive(self._key)
            self._receiving, self._asked_to_end = True, False
        if self.in_flight or self._asked_to_end or not self._receiving:
            return
        if self._conversation.clean:
            self._server.forget(self._key)
        elif self._server.is_reset(self._key):
            self.drop()
