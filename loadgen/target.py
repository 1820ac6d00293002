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

from loadgen.measures import Exchange
from loadgen.questions import SpoiledBy

BODY = b"Hello, world!"
TIMEOUT_S = 5.0
PRESENT = timedelta(hours=26)
"""A Date this near is a clock's, whatever its time zone, and will change."""
END = b"\r\n\r\n"
BODILESS = (204, 304)


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
    try:
        ask = _ask_closing if b" HTTP/1.0\r\n" in request else _ask_persistent
        first, second = ask(address, request, expected)
    except OSError as error:
        message = f"no response from {address[0]}:{address[1]}: {error}"
        raise VerificationError(message, "server_gone") from error
    return Exchange(request, second, _varying(first, second))


def _ask_persistent(
    address: tuple[str, int], request: bytes, expected: Expected
) -> tuple[bytes, bytes]:
    with _connect(address, expected.listen_s) as sock:
        sock.sendall(request)
        first = _receive(sock)
        _check(first, expected)
        try:
            sock.sendall(request)
            second = _receive(sock)
        except OSError:
            second = b""
    if not second:
        raise VerificationError(
            "the server closes the connection after a response; "
            "only `load: connection_per_request` can be asked of it"
        )
    _check(second, expected)
    return first, second


def _ask_closing(
    address: tuple[str, int], request: bytes, expected: Expected
) -> tuple[bytes, bytes]:
    answers: list[bytes] = []
    for _ in range(2):
        with _connect(address, expected.listen_s) as sock:
            sock.sendall(request)
            data = _receive(sock)
            _check(data, expected)
            try:
                while chunk := sock.recv(65_536):
                    data += chunk
            except TimeoutError as error:
                raise VerificationError(
                    "the server does not close the connection after a request of HTTP/1.0"
                ) from error
        answers.append(data)
    return answers[0], answers[1]


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


def _receive(sock: socket.socket) -> bytes:
    """One whole response, by its own framing, or all there is until the end."""
    data = b""
    while not _whole(data):
        chunk = sock.recv(65_536)
        if not chunk:
            break
        data += chunk
    return data


def _whole(data: bytes) -> bool:
    head, found, body = data.partition(END)
    if not found:
        return False
    if _status(head) in BODILESS:
        return True
    headers = _headers(head)
    if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
        return body.endswith(b"0" + END)
    length = headers.get(b"content-length", b"")
    return length.isdigit() and len(body) >= int(length)


def _check(response: bytes, expected: Expected) -> None:
    head, _, raw = response.partition(END)
    if _status(head) != expected.status:
        line = head.split(b"\r\n", 1)[0]
        raise VerificationError(f"expected status {expected.status}, received {line[:80]!r}")
    if not _whole(response):
        if b"content-length" not in _headers(head):
            raise VerificationError(f"the response has no Content-Length: {head[:80]!r}")
        raise VerificationError(f"the response was cut short: {response[-80:]!r}")
    chunked = b"transfer-encoding" in _headers(head)
    body = _unchunked(raw) if chunked else raw
    if expected.body is not None and body != expected.body:
        raise VerificationError(f"expected the body {expected.body!r}, received {body[:80]!r}")


def _status(head: bytes) -> int:
    """0 where there is none."""
    words = head.split(b"\r\n", 1)[0].split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def _headers(head: bytes) -> dict[bytes, bytes]:
    """Values by name in small letters, the last one of each."""
    pairs = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _unchunked(raw: bytes) -> bytes:
    body, rest = b"", raw
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if not length:
            break
        body, rest = body + rest[:length], rest[length + 2 :]
    return body


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
        told = email.utils.parsedate_to_datetime(date.decode("latin-1").strip())
    except ValueError:
        return False
    return abs(told.replace(tzinfo=UTC) - datetime.now(UTC)) < PRESENT
