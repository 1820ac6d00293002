"""Inputs that must not harm a server, each a function of a source of randomness alone.

An input is one connection. What is well-formed in it must be answered to the byte;
for the rest it is enough that only the connection's own end comes of it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from loadgen.answers.wrong import WrongAnswerError
from loadgen.engine.measures import Exchange
from loadgen.engine.sockets import reset_on_close

PATIENCE_S = 30.0
"""Where one connection is served at a time, the others of the campaign come before it."""
FRAGMENTS = (
    *(b"GET / HTTP/1.1", b"GET / HTTP/9.9", b"POST / HTTP/1.0", b"Host: lab", b"Connection: close"),
    *(b"Content-Length: 3", b"Content-Length: -3", b"Content-Length: 99999999999999999999"),
    *(b"Transfer-Encoding: chunked", b" folded", b":", b"\r", b"\n", b"\r\n", b"\r\n\r\n"),
    *(b"\n\n", b"\x00", b"\x16\x03\x01\x02\x00\x01", b"\xff" * 50, b"%n%s" * 20, b"x" * 300),
)
LONG_HEAD_BYTES = (20_000, 200_000)
"""All beyond the longest head that a server takes by default (16 KiB)."""
LONG_BODY_BYTES = (20_000, 500_000)
SMALL_BUFFER_BYTES = 4_096
PIECE_BYTES = 1_000
PAUSE_S = 0.004
PIECES = 5


@dataclass(frozen=True, slots=True)
class Target:
    """The server, and a request to it with its verified response."""

    address: tuple[str, int]
    exchange: Exchange


def garbage(target: Target, random: Random) -> None:
    """Bytes at random, or a heap of fragments of requests."""
    if random.random() < 0.3:
        data = random.randbytes(random.randrange(1, 3_000))
    else:
        data = b"".join(random.choices(FRAGMENTS, k=random.randrange(1, 20)))
    with _connect(target) as sock, suppress(ConnectionError):
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        answer = _rest(sock)
        if answer and not answer.startswith(b"HTTP/1."):
            raise WrongAnswerError(f"garbage was answered {answer[:60]!r}")


def half_close(target: Target, random: Random) -> None:
    """Requests in one or more segments, then the end of the input: all are answered."""
    count = random.randrange(1, 20)
    stream = target.exchange.request * count
    place = random.randrange(len(stream))
    with _connect(target) as sock:
        sock.sendall(stream[:place])
        sock.sendall(stream[place:])
        sock.shutdown(socket.SHUT_WR)
        _expect(_rest(sock), target.exchange.response * count)


def reset(target: Target, random: Random) -> None:
    """A peer that ends its connection before, inside or after a request, mostly by a reset."""
    request = target.exchange.request
    data = random.choice(
        (b"", request[: random.randrange(1, len(request))], request, request * 300)
    )
    with _connect(target) as sock, suppress(ConnectionError):
        sock.sendall(data)
        if random.random() < 0.8:
            reset_on_close(sock)


def byte_by_byte(target: Target, random: Random) -> None:
    """A request, each byte a segment of its own; some stop before its end."""
    request, response = target.exchange.request, target.exchange.response
    stop = len(request) if random.random() < 0.8 else random.randrange(len(request))
    with _connect(target) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place in range(stop):
            sock.send(request[place : place + 1])
        sock.shutdown(socket.SHUT_WR)
        _expect(_rest(sock), response if stop == len(request) else b"")


def oversize(target: Target, random: Random) -> None:
    """A head without end, which is refused; or a long body, which is skipped."""
    with _connect(target) as sock:
        if random.random() < 0.5:
            sock.sendall(b"GET / HTTP/1.1\r\nCookie: " + b"x" * random.randrange(*LONG_HEAD_BYTES))
            answer = _rest(sock)
            if not answer.startswith(b"HTTP/1.1 431 "):
                raise WrongAnswerError(f"a head without end was answered {answer[:60]!r}")
        else:
            size = random.randrange(*LONG_BODY_BYTES)
            sock.sendall(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
            sock.shutdown(socket.SHUT_WR)
            _expect(_rest(sock), target.exchange.response)


def slow_read(target: Target, random: Random) -> None:
    """Long answers asked for, a few pieces taken slowly, and the rest left behind."""
    with _connect(target, SMALL_BUFFER_BYTES) as sock, suppress(ConnectionError):
        sock.sendall(b"GET /bytes/200000 HTTP/1.1\r\n\r\n" * random.randrange(1, 20))
        for _ in range(random.randrange(PIECES)):
            sock.recv(PIECE_BYTES)
            time.sleep(random.random() * PAUSE_S)
        if random.random() < 0.5:
            reset_on_close(sock)


Kind = Callable[[Target, Random], None]
SHARES: dict[Kind, int] = {
    garbage: 30,
    half_close: 20,
    reset: 25,
    byte_by_byte: 10,
    oversize: 12,
    slow_read: 3,  # each holds a server of one connection for milliseconds
}
"""How many of a hundred inputs are of each kind."""


def choose(seed: int, number: int) -> tuple[Kind, Random]:
    """The kind of an input and its own randomness: the same for the same seed and number."""
    random = Random(f"{seed} {number}")  # noqa: S311 - repeatable, not secret
    (kind,) = random.choices(list(SHARES), list(SHARES.values()))
    return kind, random


def is_answered(target: Target) -> bool:
    """Whether a good request gets its exact response."""
    with suppress(OSError), _connect(target) as sock:
        sock.sendall(target.exchange.request)
        wanted = target.exchange.response
        return sock.recv(len(wanted), socket.MSG_WAITALL) == wanted
    return False


def _connect(target: Target, receive_buffer_bytes: int = 0) -> socket.socket:
    sock = socket.socket()
    sock.settimeout(PATIENCE_S)
    if receive_buffer_bytes:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
    try:
        sock.connect(target.address)
    except OSError:
        sock.close()
        raise
    return sock


def _rest(sock: socket.socket) -> bytes:
    """Everything until the server closes."""
    return b"".join(iter(lambda: sock.recv(65_536), b""))


def _expect(answer: bytes, wanted: bytes) -> None:
    if answer != wanted:
        raise WrongAnswerError(
            f"expected {len(wanted)} bytes, received {len(answer)}, ending {answer[-60:]!r}"
        )
