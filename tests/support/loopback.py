"""Small servers on loopback for the engine's tests: scripted, one thread, bounded."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

REQUEST = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, world!"
Handler = Callable[[socket.socket, int], None]
_held: list[socket.socket] = []


def unused_address() -> tuple[str, int]:
    """An address where nobody listens, nor will: the port is kept, so that no other process is
    given it. Who asks for it by number, with SO_REUSEADDR as servers do, can listen there.
    """
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    _held.append(kept)
    address: tuple[str, int] = kept.getsockname()
    return address


@contextmanager
def serving(handle: Handler, backlog: int = 128) -> Iterator[tuple[str, int]]:
    """Run `handle(connection, number)` in a thread per accepted connection."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
    accepted: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            accepted.append(connection)
            threading.Thread(
                target=_guarded, args=(handle, connection, len(accepted)), daemon=True
            ).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in accepted:
            connection.close()


def _guarded(handle: Handler, connection: socket.socket, number: int) -> None:
    try:
        handle(connection, number)
    except OSError:
        connection.close()  # the engine reset it at the end of the test


def answer_for_ever(connection: socket.socket, _number: int) -> None:
    """Each request, however many come at once."""
    held = b""
    while piece := connection.recv(4_096):
        *whole, held = (held + piece).split(b"\r\n\r\n")
        connection.sendall(RESPONSE * len(whole))


def answer_once(connection: socket.socket, _number: int) -> None:
    connection.recv(4_096)
    connection.sendall(RESPONSE)
    connection.close()


def replying(make: Callable[[int], bytes], *, stays: bool = True) -> Handler:
    """A handler that sends `make(n)` for the n-th request, counted over all connections."""
    numbers: Iterator[int] = itertools.count()

    def answer(connection: socket.socket, _number: int) -> None:
        while connection.recv(4_096):
            connection.sendall(make(next(numbers)))
            if not stays:
                connection.close()
                return

    return answer


def with_head(*lines: bytes, body: bytes = b"hi") -> bytes:
    """A response of status 201 with these lines in its head."""
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join([b"HTTP/1.1 201 Made", *lines, length]) + b"\r\n\r\n" + body
