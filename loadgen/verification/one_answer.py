"""One request on a connection, and the whole answer to it."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass

from loadgen.answers.head import SHOWN, Head
from loadgen.answers.meaning import Meaning
from loadgen.answers.response import Response
from loadgen.answers.wrong import FramingError, WrongAnswerError
from loadgen.verification.errors import (
    BusyError,
    EndedError,
    OldVersionError,
    SilentError,
    VerificationError,
)

TIMEOUT_S = 5.0
LONGEST_S = 30.0
"""From a request to its whole answer, however it trickles in."""
RECV_BYTES = 65_536
BUSY = (502, 503, 504)
"""What a server, or what stands before it, answers while it starts."""
OLD_REFUSED = (426, 505)
"""What a server that speaks HTTP/1.1 alone answers to HTTP/1.0."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A right one, as it came and as it is understood."""

    data: bytes
    body: bytes
    ended_by_close: bool


def take(sock: socket.socket, request: bytes, meaning: Meaning) -> Answer:
    """Ask, and read the answer to its end. Raises VerificationError."""
    response, data = Response(bodiless=request.startswith(b"HEAD ")), bytearray()
    try:
        by_close = _read(sock, request, meaning, response, data)
        meaning.check_body(response.body)
    except WrongAnswerError as error:
        raise VerificationError(str(error)) from error
    except TimeoutError as error:
        if response.ends_with_connection:
            message = "the response has no Content-Length, and its connection did not end"
            raise VerificationError(f"{message} within {TIMEOUT_S:g} s") from error
        if data:
            raise VerificationError(f"the response did not go on within {TIMEOUT_S:g} s") from error
        raise SilentError(f"no response within {TIMEOUT_S:g} s", "server_gone") from error
    except OSError as error:
        if data:
            raise VerificationError(f"the response was cut short: {error}") from error
        raise EndedError(f"no response: {error}", "server_gone") from error
    return Answer(bytes(data), response.body, by_close)


def _read(
    sock: socket.socket, request: bytes, meaning: Meaning, response: Response, data: bytearray
) -> bool:
    """Whether the end of the connection ended the response. Raises WrongAnswerError, OSError."""
    sock.sendall(request)
    deadline = time.monotonic() + LONGEST_S
    while not response.whole:
        piece = sock.recv(RECV_BYTES)
        if not piece and not data:
            raise EndedError("the server closed the connection without a response")
        if not piece:
            try:
                response.end()
            except FramingError:
                told = bytes(data[-SHOWN:])
                raise VerificationError(f"the response was cut short: {told!r}") from None
            return True
        data += piece
        taken = response.feed(piece)
        if response.head is not None:
            _check_head(request, response.head, meaning)
        if taken < len(piece):
            raise VerificationError(after_the_end(piece[taken:]))
        if time.monotonic() > deadline:
            raise VerificationError(f"the response did not end within {LONGEST_S:g} s")
    return False


def after_the_end(more: bytes) -> str:
    """What is wrong where bytes follow an answer."""
    return f"{len(more):,} bytes came after the end of the response: {more[:SHOWN]!r}"


def _check_head(request: bytes, head: Head, meaning: Meaning) -> None:
    """Raises VerificationError: what it says may pass, or be mended, or is wrong."""
    try:
        meaning.check_head(head)
    except WrongAnswerError as error:
        kind = VerificationError
        if head.status in BUSY and head.status not in meaning.expected.statuses:
            kind = BusyError
        elif head.status in OLD_REFUSED and b" HTTP/1.0\r\n" in request:
            kind = OldVersionError
        raise kind(str(error)) from error
