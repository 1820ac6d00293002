"""Small servers that end a connection which should stay: after how many requests, and how."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from typing import Literal

from tests.support.loopback import RESPONSE

HOW = ("header", "at_once", "unanswered", "reset")
How = Literal["header", "at_once", "unanswered", "reset"]
END = b"\r\n\r\n"
LAST = RESPONSE.replace(b"\r\nContent", b"\r\nConnection: close\r\nContent", 1)
AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER on, 0 s: a close is a reset."""


def close_when_silent(connection: socket.socket, _number: int) -> None:
    """Answer, and close a connection on which nothing has come for 0.3 s."""
    connection.settimeout(0.3)
    try:
        while connection.recv(4_096):
            connection.sendall(RESPONSE)
    except TimeoutError:
        connection.close()


class ClosingServer:
    """A handler that answers `limit` requests on each connection and then ends it.

    `header`: it says so in the last answer. `at_once`: without a word. `unanswered`: when the next
    request has come. `reset`: the same, by a reset. `body_bytes`: of each request; `slow_s`: before
    the first answer on a connection.
    """

    def __init__(self, limit: int, how: How, *, body_bytes: int = 0, slow_s: float = 0.0) -> None:
        self.taken = 0
        """Requests, answered or not."""
        self.answered = 0
        self._limit = limit
        self._how = how
        self._body_bytes = body_bytes
        self._slow_s = slow_s
        self._lock = threading.Lock()

    def __call__(self, connection: socket.socket, _number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pending, left = b"", self._limit
        while data := connection.recv(65_536):
            pending += data
            while (size := self._request(pending)) > 0:
                pending = pending[size:]
                with self._lock:
                    self.taken += 1
                if not left:
                    self._end(connection)
                    return
                if left == self._limit:
                    time.sleep(self._slow_s)
                left -= 1
                is_last = not left and self._how == "header"
                connection.sendall(LAST if is_last else RESPONSE)
                with self._lock:
                    self.answered += 1
                if not left and self._how in ("header", "at_once"):
                    self._end(connection)
                    return

    def _request(self, pending: bytes) -> int:
        """The length of the first request; 0 while it is not whole."""
        head = pending.find(END)
        size = head + len(END) + self._body_bytes
        return size if head >= 0 and len(pending) >= size else 0

    def _end(self, connection: socket.socket) -> None:
        if self._how == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        else:
            _say_the_end(connection)
        connection.close()


def _say_the_end(connection: socket.socket) -> None:
    """And read what still comes: a socket that is closed with unread bytes in it resets its
    connection (RFC 1122, 4.2.2.13), and so may take answers back that were on their way."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass
