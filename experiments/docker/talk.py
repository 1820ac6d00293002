"""The input and output of a command that runs in a container, over a connection to the engine."""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress
from typing import Any, Final

HEAD: Final = struct.Struct(">BxxxL")
"""Before each piece of output the engine says which stream it is of, and how long it is."""
ERRORS: Final = 2
MOST_COMPLAINT: Final = 2_000


class Talk:
    """One thread may say while another one hears. `opened` is what the SDK has after its request:
    the connection itself, which is the lab's from now on, and without the SDK's time limit."""

    def __init__(self, opened: Any) -> None:
        self._sock = socket.socket(fileno=os.dup(opened.fileno()))
        self._sock.settimeout(None)
        vars(opened)["_response"].close()  # with the SDK's own hold of the connection
        self._errors = b""

    def say(self, data: bytes) -> None:
        """Raises OSError where the connection, or the command, is gone."""
        self._sock.sendall(data)

    def hear(self, within_s: float | None = None) -> bytes:
        """Empty once the command has ended, or the connection. Raises OSError, a TimeoutError where
        there is nothing within this time; None: nobody waits in vain."""
        self._sock.settimeout(within_s)
        while head := self._exactly(HEAD.size):
            stream, size = HEAD.unpack(head)
            data = self._exactly(size)
            if stream != ERRORS:
                return data
            self._errors = (self._errors + data)[-MOST_COMPLAINT:]
        return b""

    def _exactly(self, size: int) -> bytes:
        """Less than that is nothing."""
        data = b""
        while len(data) < size:
            if not (more := self._sock.recv(size - len(data))):
                return b""
            data += more
        return data

    @property
    def complaint(self) -> str:
        """What the command said of errors so far."""
        return self._errors.decode(errors="replace").strip()

    def close(self) -> None:
        """The command finds the end of its input. Who hears, hears nothing more. Idempotent."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
