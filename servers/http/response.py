"""The bytes of every response: the HOWTO's headers, and its 13 bytes of body by default.

The same for all variants. A long body is the same 64 KiB again and again, so that a response of
any length costs no memory of its own.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

DATE = b"Date: Mon, 1 Jan 1996 01:01:01 GMT\r\n"
PATTERN = b"0123456789abcdef" * 4096
REFUSALS = (400, 431, 501, 505)


class Response(NamedTuple):
    """A response; `rest` bytes of PATTERN, from its beginning, follow `body`."""

    head: bytes
    body: bytes
    rest: int = 0


def head(status: int, length: int, minor: int, persistent: bool) -> bytes:
    """Return the head of a response with a body of `length` bytes.

    A request of HTTP/1.0 that closes gets the HOWTO's own bytes; one that persists is told so,
    in the highest version that the server speaks (RFC 9110, 6.2).
    """
    connection = b""
    if persistent != bool(minor):
        connection = b"Connection: keep-alive\r\n" if persistent else b"Connection: close\r\n"
    return b"HTTP/1.%d %d %s\r\n%sContent-Type: text/plain\r\nContent-Length: %d\r\n%s\r\n" % (
        minor or persistent,
        status,
        HTTPStatus(status).phrase.encode(),
        DATE,
        length,
        connection,
    )


def of_length(size: int, minor: int, persistent: bool) -> Response:
    """Return a response with a body of `size` bytes of the pattern."""
    body = PATTERN[:size]
    return Response(head(200, size, minor, persistent), body, size - len(body))


def _refusal(status: int) -> Response:
    body = HTTPStatus(status).phrase.encode() + b"\n"
    return Response(head(status, len(body), 1, persistent=False), body)


WITHOUT_REQUEST = {status: _refusal(status) for status in REFUSALS}
"""By status: the request cannot be understood, and the connection ends."""
WITHOUT_REQUEST[100] = Response(b"HTTP/1.1 100 Continue\r\n\r\n", b"")
