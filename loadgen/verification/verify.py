"""Learn and verify what a server answers, before any load.

The engine compares every response with these exact bytes, so a wrong answer in
a window is an error of its own and never a fast success. A server is asked
twice: it has to answer alike, and as it will be loaded, on a connection that
stays or on one that it closes. What may change is the value of a header: a Date,
or one that was another the second time, as long as it keeps its length.
"""

from __future__ import annotations

import email.utils
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from contract.response import BODY
from contract.void_causes import SpoiledBy
from loadgen.engine.measures import Exchange
from loadgen.engine.sockets import acknowledge
from loadgen.verification.response import END, FramingError, Response

TIMEOUT_S = 5.0
LONGEST_S = 30.0
"""From a request to its whole answer, however it trickles in."""
QUIET_S = 0.02
"""After the last answer, for what nobody has asked for."""
LONGEST_DATE = 60
RECV_BYTES = 65_536
PRESENT = timedelta(hours=26)
"""A Date this near is a clock's, whatever its time zone, and will change."""


class VerificationError(Exception):
    """The server answers not with what the contract asks, or not at all."""

    def __init__(self, message: str, spoiled_by: SpoiledBy = "server_wrong") -> None:
        super().__init__(message)
        self.spoiled_by = spoiled_by


@dataclass(frozen=True, slots=True)
class Expected:
    """What has to be answered; `body` None: any that stays the same.

    `listen_s`: how long to wait until the server listens.
    """

    status: int = 200
    body: bytes | None = BODY
    listen_s: float = 5.0


def keep_alive_request(path: str = "/") -> bytes:
    """As HTTP/1.1 has it: the connection stays."""
    return b"GET %s HTTP/1.1\r\nHost: c10k-lab\r\n\r\n" % path.encode()


def closing_request(path: str = "/") -> bytes:
    """As HTTP/1.0 had it: the server closes."""
    return b"GET %s HTTP/1.0\r\nHost: c10k-lab\r\n\r\n" % path.encode()


KEEP_ALIVE_REQUEST = keep_alive_request()
CLOSING_REQUEST = closing_request()


def learn(address: tuple[str, int], request: bytes, expected: Expected | None = None) -> Exchange:
    """Ask twice and check status, length and body. Raises VerificationError."""
    expected = expected or Expected()
    ask = _ask_closing if b" HTTP/1.0\r\n" in request else _ask_persistent
    try:
        first, second = ask(address, request, expected)
    except OSError as error:
        message = f"no response from {address[0]}:{address[1]}: {error}"
        raise VerificationError(message, "server_gone") from error
    except FramingError as error:
        raise VerificationError(str(error)) from error
    return Exchange(request, second, _varying(first, second))


def _ask_persistent(
    address: tuple[str, int], request: bytes, expected: Expected
) -> tuple[bytes, bytes]:
    with _connect(address, expected.listen_s) as sock:
        first = _ask(sock, request, expected).data
        try:
            second = _ask(sock, request, expected).data
        except (ConnectionError, _NothingError):
            raise VerificationError(
                "the server closes the connection after a response; "
                "only `load: connection_per_request` can be asked of it"
            ) from None
        except TimeoutError:
            raise VerificationError(
                "the server did not answer the second request on a connection "
                f"within {TIMEOUT_S:g} s"
            ) from None
        if more := _unasked(sock):
            raise VerificationError(f"the server sent what nobody had asked for: {more[:80]!r}")
    return first, second


def _ask_closing(
    address: tuple[str, int], request: bytes, expected: Expected
) -> tuple[bytes, bytes]:
    answers: list[bytes] = []
    for _ in range(2):
        with _connect(address, expected.listen_s) as sock:
            response = _ask(sock, request, expected)
            try:
                while chunk := sock.recv(RECV_BYTES):
                    response.feed(chunk)  # and raise: it is whole
            except TimeoutError as error:
                raise VerificationError(
                    "the server does not close the connection after a request of HTTP/1.0"
                ) from error
        answers.append(response.data)
    return answers[0], answers[1]


class _NothingError(VerificationError):
    """The connection was closed where an answer should have begun."""


def _ask(sock: socket.socket, request: bytes, expected: Expected) -> Response:
    """A whole response, as it is expected. Raises VerificationError, FramingError, OSError."""
    sock.sendall(request)
    response, deadline = Response(), time.monotonic() + LONGEST_S
    while not response.whole:
        chunk = sock.recv(RECV_BYTES)
        if not chunk:
            break
        response.feed(chunk)
        if response.headed and (response.status != expected.status or not response.framed):
            break
        if time.monotonic() > deadline:
            raise VerificationError(f"the response did not end within {LONGEST_S:g} s")
    _check(response, expected)
    return response


def _unasked(sock: socket.socket) -> bytes:
    """What comes though nothing was asked; the end of the connection may."""
    acknowledge(sock)
    sock.settimeout(QUIET_S)
    try:
        return sock.recv(RECV_BYTES)
    except OSError:
        return b""


def _check(response: Response, expected: Expected) -> None:
    head = response.head
    if response.status != expected.status:
        line = head.split(b"\r\n", 1)[0]
        kind = VerificationError if line else _NothingError
        raise kind(f"expected status {expected.status}, received {line[:80]!r}")
    if not response.framed:
        raise VerificationError(f"the response has no Content-Length: {head[:80]!r}")
    if not response.whole:
        raise VerificationError(f"the response was cut short: {response.data[-80:]!r}")
    if expected.body is not None and response.body != expected.body:
        raise VerificationError(
            f"expected the body {expected.body!r}, received {response.body[:80]!r}"
        )


def _connect(address: tuple[str, int], listen_s: float) -> socket.socket:
    """Give a server that has just been started the time to listen."""
    deadline = time.monotonic() + listen_s
    while True:
        try:
            return socket.create_connection(address, timeout=TIMEOUT_S)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _varying(first: bytes, second: bytes) -> tuple[tuple[int, int], ...]:
    """The places in the head that may change: values of headers. Raises VerificationError."""
    found: list[tuple[int, int]] = []
    heads = [response.partition(END)[0].split(b"\r\n") for response in (first, second)]
    bodies = [response.partition(END)[2] for response in (first, second)]
    if len(first) != len(second) or len(heads[0]) != len(heads[1]) or bodies[0] != bodies[1]:
        raise VerificationError(
            f"two answers to the same request differ: {first[-120:]!r} and {second[-120:]!r}; "
            "every byte is compared, so ask for a `path` with a fixed answer"
        )
    place = 0
    for before, after in zip(*heads, strict=True):
        name, colon, value = after.partition(b":")
        start = place + len(name + colon)
        if before != after or (name.lower() == b"date" and _is_present(value)):
            if before.partition(b":")[0] != name or len(before) != len(after):
                raise VerificationError(f"two answers differ: {before[:80]!r} and {after[:80]!r}")
            found.append((start, place + len(after)))
        place += len(after) + 2
    return tuple(found)


def _is_present(date: bytes) -> bool:
    """A clock's, and not a fixed one such as the HOWTO's, of 1996."""
    try:
        told = email.utils.parsedate_to_datetime(date[:LONGEST_DATE].decode("latin-1").strip())
    except (ValueError, OverflowError, IndexError, TypeError):  # whatever it makes of nonsense
        return False
    return abs(told.replace(tzinfo=UTC) - datetime.now(UTC)) < PRESENT
