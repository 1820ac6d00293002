"""The bytes of every answer: the HOWTO's headers and its 13 bytes of body.

The same for all variants. Built once; choosing one is a look-up.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from servers.request import Request

BODY = b"Hello, world!"
DATE = b"Date: Mon, 1 Jan 1996 01:01:01 GMT\r\n"
REFUSALS = (400, 431, 501, 505)


def _message(minor: int, status: int, connection: bytes, body: bytes) -> bytes:
    start = b"HTTP/1.%d %d %s\r\n" % (minor, status, HTTPStatus(status).phrase.encode())
    entity = b"Content-Type: text/plain\r\nContent-Length: %d\r\n" % len(body)
    extra = b"Connection: %s\r\n" % connection if connection else b""
    return start + DATE + entity + extra + b"\r\n" + body


def _refusal(status: int) -> bytes:
    return _message(1, status, b"close", HTTPStatus(status).phrase.encode() + b"\n")


# By (minor version, persistent). A request of HTTP/1.0 that closes gets the HOWTO's own bytes;
# one that persists is told so, in the highest version that the server speaks (RFC 9110, 6.2).
_GREETING = {
    (0, False): _message(0, 200, b"", BODY),
    (0, True): _message(1, 200, b"keep-alive", BODY),
    (1, False): _message(1, 200, b"close", BODY),
    (1, True): _message(1, 200, b"", BODY),
}
_HEAD = {key: message.removesuffix(BODY) for key, message in _GREETING.items()}
_REFUSED = {status: _refusal(status) for status in REFUSALS}


def respond(request: Request) -> bytes:
    """Return the whole response to `request`."""
    if request.status != 200:
        return _REFUSED[request.status]
    forms = _HEAD if request.method == b"HEAD" else _GREETING
    return forms[request.minor, request.persistent]
