"""A server with one everyday habit: `python3 server.py HABIT`. The standard library only.

It listens on port 8080 and answers "Hello, world!" as HTTP/1 asks for it, a thread for each
connection, but for its habit: a function of that name below.
"""

from __future__ import annotations

import itertools
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PORT = 8080
BODY = b"Hello, world!"
END = b"\r\n\r\n"
KEPT_REQUESTS = 100
BEGINS_S = 3.0
IDLE_S = 3.0
SLOW_S = 2.5
LOADED = 200
STEADY_S = 1.6
BUSY_S = 0.002
FOLDER = Path("/srv/shop")
MISS, HIT = (b"X-Cache: MISS from the-first-of-all",), (b"X-Cache: HIT",)
RESET = struct.pack("ii", 1, 0)
STARTED = time.monotonic()
BUSY = threading.Lock()

numbers = itertools.count(1)
connections = itertools.count(1)
began: dict[int, float] = {}


class HangError(Exception):
    """It answers no more on this connection."""


class ResetError(Exception):
    """It resets the connection."""


class CloseError(Exception):
    """It closes the connection without an answer."""


@dataclass(frozen=True)
class Request:
    """A request; `nth` on its connection, `number` of all, `connection` of all: from 1."""

    head: bytes
    nth: int
    number: int
    connection: int

    @property
    def is_1_0(self) -> bool:
        """Whether it is of HTTP/1.0."""
        return b"HTTP/1.0\r\n" in self.head + b"\r\n"

    @property
    def last(self) -> bool:
        """Whether the client wants no other on this connection."""
        return self.is_1_0 or b"\r\nconnection: close" in self.head.lower()


@dataclass(frozen=True)
class Answer:
    """What is sent; `last` if the connection is closed behind it."""

    data: bytes
    last: bool = False


def answer(
    request: Request,
    body: bytes = BODY,
    *headers: bytes,
    status: bytes = b"200 OK",
    last: bool = False,
) -> Answer:
    """An answer with its length, which says whether it is the last one."""
    last = last or request.last
    told = (b"Content-Length: %d" % len(body), *headers, *([b"Connection: close"] * last))
    return Answer(b"\r\n".join([b"HTTP/1.1 " + status, *told]) + END + body, last)


def plain(request: Request) -> Answer:
    """No habit but the usual ones."""
    return answer(request)


def closes_said(request: Request) -> Answer:
    """It ends a connection with its 100th answer, and says so in it."""
    return answer(request, last=request.nth == KEPT_REQUESTS)


def closes_unsaid(request: Request) -> Answer:
    """It ends a connection after 100 answers without a word."""
    if request.nth > KEPT_REQUESTS:
        raise CloseError
    return Answer(answer(request).data, request.last or request.nth == KEPT_REQUESTS)


def body_differs(request: Request) -> Answer:
    """A counter and the time are in the body, whose length changes with them."""
    return answer(request, b"visitor %d at %d" % (request.number, time.time_ns()))


def chunks_differ(request: Request) -> Answer:
    """The same body in chunks that are cut elsewhere each time."""
    cut = request.number % (len(BODY) - 1) + 1
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in (BODY[:cut], BODY[cut:]))
    closing = b"Connection: close\r\n" if request.last else b""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + closing
    return Answer(head + b"\r\n" + chunks + b"0\r\n\r\n", request.last)


def header_length(request: Request) -> Answer:
    """The value of a header is now longer and now shorter."""
    return answer(request, BODY, b"X-Request-Id: " + b"7" * (request.number % 20 + 1))


def first_miss(request: Request) -> Answer:
    """The first answer of all comes from behind a cache, the others out of it."""
    return answer(request, BODY, *(MISS if request.number == 1 else HIT))


def begins_503(request: Request) -> Answer:
    """It listens at once, and says for 3 s that it is not ready."""
    if time.monotonic() - STARTED < BEGINS_S:
        return answer(request, b"starting\n", status=b"503 Service Unavailable")
    return answer(request)


def begins_silent(request: Request) -> Answer:
    """It listens at once, and does not answer what it is asked within 3 s."""
    if time.monotonic() - STARTED < BEGINS_S:
        raise HangError
    return answer(request)


def begins_reset(request: Request) -> Answer:
    """It listens at once, and resets all connections for 3 s."""
    if time.monotonic() - STARTED < BEGINS_S:
        raise ResetError
    return answer(request)


def slow_at_first(request: Request) -> Answer:
    """For 2.5 s from its first request on it takes 2 ms for each, one after the other."""
    if _since(request, 1) < SLOW_S:
        _be_busy()
    return answer(request)


def slows(request: Request) -> Answer:
    """Some time after a load has begun it takes 2 ms for each request."""
    if _since(request, LOADED) > STEADY_S:
        _be_busy()
    return answer(request)


def quickens(request: Request) -> Answer:
    """Until some time after a load has begun it takes 2 ms for each request."""
    if _since(request, LOADED) < STEADY_S:
        _be_busy()
    return answer(request)


def _since(request: Request, number: int) -> float:
    """Seconds since the request of that number; 0 before."""
    now = time.monotonic()
    if request.number == number:
        began[number] = now
    return now - began.get(number, now)


def _be_busy() -> None:
    with BUSY:
        time.sleep(BUSY_S)


def wants_host(request: Request) -> Answer:
    """It serves one host by its name and no other."""
    if b"\r\nhost: shop.example\r\n" not in request.head.lower() + b"\r\n":
        return answer(request, b"no such host\n", status=b"400 Bad Request", last=True)
    return answer(request)


def only_1_1(request: Request) -> Answer:
    """It refuses HTTP/1.0."""
    if request.is_1_0:
        return answer(request, b"use 1.1\n", b"Upgrade: HTTP/1.1", status=b"426 Upgrade Required")
    return answer(request)


def until_close(_request: Request) -> Answer:
    """The end of the connection is the end of the body."""
    return Answer(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BODY, last=True)


def logs(request: Request) -> Answer:
    """It prints a line for each request."""
    line = f"127.0.0.1 - - [29/Nov/2026] number {request.number:012} " + request.head[:60].hex()
    sys.stdout.write(line + "\n")
    return answer(request)


def every_second(request: Request) -> Answer:
    """On every second connection no request is ever answered."""
    if request.connection % 2 == 0:
        raise HangError
    return answer(request)


def writes(request: Request) -> Answer:
    """It keeps its state in a folder of its own."""
    return answer(request)


def own_user(request: Request) -> Answer:
    """It has a key that nobody but its user can read."""
    return answer(request)


def idle_3s(request: Request) -> Answer:
    """It closes a connection on which nothing came for 3 s."""
    return answer(request)


HABITS: dict[str, Callable[[Request], Answer]] = {
    habit.__name__: habit
    for habit in (
        *(plain, closes_said, closes_unsaid, body_differs, chunks_differ, header_length),
        *(first_miss, begins_503, begins_silent, begins_reset, slow_at_first, slows, quickens),
        *(wants_host, only_1_1, until_close, logs, every_second, writes, own_user, idle_3s),
    )
}


def requests(connection: socket.socket) -> Iterator[bytes]:
    """The heads of the requests of a connection, until its end."""
    data = b""
    while piece := connection.recv(65_536):
        data += piece
        while END in data:
            head, _, data = data.partition(END)
            yield head


def serve(connection: socket.socket, number: int, habit: Callable[[Request], Answer]) -> None:
    """All of a connection."""
    with connection:
        try:
            for nth, head in enumerate(requests(connection), 1):
                given = habit(Request(head, nth, next(numbers), number))
                connection.sendall(given.data)
                if given.last:
                    connection.shutdown(socket.SHUT_WR)
                    break
        except HangError:
            while connection.recv(65_536):
                pass
        except ResetError:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        except (CloseError, OSError):  # of the peer, or the time-out
            return


def main(name: str, where: str = "0.0.0.0") -> None:  # noqa: S104 - the pod's own namespace
    """Serve until the process is ended."""
    if name == "writes":
        (FOLDER / "cache" / "state").write_text(f"{os.getpid()}\n")
    if name == "own_user":
        (FOLDER / "key").read_text()
    family = socket.AF_INET6 if ":" in where else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind((where, PORT))
    listener.listen(1_024)
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(IDLE_S if name == "idle_3s" else None)
        given = (connection, next(connections), HABITS[name])
        threading.Thread(target=serve, args=given, daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
