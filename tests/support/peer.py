"""The client's end of a connection, every byte under control; what is sent, what comes back."""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WIDE_BUFFER_BYTES = 1_048_576
PATIENCE_S = 30.0  # after which a test gives up on what should happen at once

HEADERS = (
    b"Date: Mon, 1 Jan 1996 01:01:01 GMT\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n"
)
BODY = b"Hello, world!"
PERSISTENT = b"HTTP/1.1 200 OK\r\n" + HEADERS + b"\r\n" + BODY
CLOSING = b"HTTP/1.1 200 OK\r\n" + HEADERS + b"Connection: close\r\n\r\n" + BODY
KEPT_ALIVE = b"HTTP/1.1 200 OK\r\n" + HEADERS + b"Connection: keep-alive\r\n\r\n" + BODY
HOWTO = b"HTTP/1.0 200 OK\r\n" + HEADERS + b"\r\n" + BODY

GET = b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n"
GET_CLOSE = b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n"
GET_OLD = b"GET / HTTP/1.0\r\n\r\n"


class Peer:
    """The client's end of one connection; to be used as a context manager."""

    def __init__(self, port: int, receive_buffer_bytes: int = 0) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        try:
            self.socket.connect(("127.0.0.1", port))
        except OSError:
            self.socket.close()
            raise

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self.socket.sendall(data)

    def take(self, size: int) -> bytes:
        """Return exactly `size` bytes, or fewer if the connection ends before."""
        parts, missing = [], size
        while missing and (part := self.socket.recv(missing)):
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def has_input(self) -> bool:
        """Return whether something has come that has not been taken."""
        return bool(select.select([self.socket], [], [], 0)[0])

    def rest(self) -> bytes:
        """Return everything until the server closes. Raises ConnectionError on a reset."""
        return b"".join(iter(lambda: self.socket.recv(65_536), b""))

    def ask(self, request: bytes = GET, response: bytes = PERSISTENT) -> bool:
        """Send a request; return whether the answer is that response."""
        self.send(request)
        return self.take(len(response)) == response

    def widen(self) -> None:
        """Let what was kept come fast: through a small buffer, each KB is a round trip."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WIDE_BUFFER_BYTES)

    def end_input(self) -> None:
        """Send FIN, and go on reading."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """End the connection with RST."""
        self.socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
        )
        self.socket.close()

    def is_refused(self) -> bool:
        """Ask; return whether the server has closed the connection instead of answering."""
        try:
            return not self.ask()
        except ConnectionError:
            return True

    def send_until_stuck(
        self, data: bytes, is_asleep: Callable[[], bool], limit_bytes: int = 64_000_000
    ) -> int:
        """Send `data` again and again without reading, until the server takes no more: it sleeps.

        Returns the bytes sent, which may end inside a copy of `data`.
        """
        block = data * (1 + 65_536 // len(data))
        sent = 0
        self.socket.settimeout(0.2)
        while sent < limit_bytes:
            try:
                sent += self.socket.send(block[sent % len(data) :])
            except TimeoutError:
                if is_asleep():
                    break
        self.socket.settimeout(PATIENCE_S)
        return sent


def get(target: str) -> bytes:
    """Return a request of HTTP/1.1 for a target."""
    return f"GET {target} HTTP/1.1\r\nHost: lab\r\n\r\n".encode()


def response(peer: Peer) -> tuple[int, bytes]:
    """Return status and body of the next response."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = peer.take(1)
        assert byte, head
        head += byte
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: "))
    return int(head.split()[1]), peer.take(int(length.split()[1]))
