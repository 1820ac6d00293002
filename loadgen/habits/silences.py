"""How long a server bears clients that fall silent."""

from __future__ import annotations

import re
import select
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass

from contract.request import Request
from contract.result.habits import Moment, Silence
from loadgen.habits.conversation import CONNECT_S, Conversation
from loadgen.habits.scripts import held_back, plain

ASKED_S = 1.5
"""For the answer to a request beside three silent connections."""
STATUS = re.compile(rb"HTTP/1\.[0-9] ([0-9]{3}) ")
RECV_BYTES = 65_536


@dataclass(slots=True)
class Silent:
    """A connection whose client is silent since a moment of the monotonic clock."""

    sock: socket.socket
    since_s: float
    status: int = 0
    closed_after_s: float | None = None


def watch(
    address: tuple[str, int], asked: Request, for_s: float, *, stays: bool
) -> tuple[bool, dict[str, Silence]]:
    """Silent connections until each is closed, or for so long; `stays`: those that were answered
    are kept. The first of them, which has its place, is told of alone, and True with it, where a
    request beside them all is not answered: the others may wait for one, and their time has not
    begun. Raises OSError."""
    with ExitStack() as stack:
        found: dict[Moment, Silent] = {}
        if stays:
            found["answered"] = _answered(stack, address, asked)
        found["silent"] = _silent(stack, address, b"")
        found["head"] = _silent(stack, address, held_back(asked))
        crowded = not _is_answered(address, asked)
        if crowded:
            for moment in list(found)[1:]:
                found.pop(moment).sock.close()
        _until_closed(list(found.values()), for_s)
        return crowded, {
            moment: Silence(one.closed_after_s, one.status) for moment, one in found.items()
        }


def _answered(stack: ExitStack, address: tuple[str, int], asked: Request) -> Silent:
    sock = _connected(stack, address)
    sock.sendall(plain(asked))
    # What comes is the answer until nothing more does; it may take a moment.
    sock.settimeout(CONNECT_S)
    sock.recv(RECV_BYTES)
    return Silent(sock, time.monotonic())


def _silent(stack: ExitStack, address: tuple[str, int], said: bytes) -> Silent:
    sock = _connected(stack, address)
    if said:
        sock.sendall(said)
    return Silent(sock, time.monotonic())


def _connected(stack: ExitStack, address: tuple[str, int]) -> socket.socket:
    return stack.enter_context(socket.create_connection(address, timeout=CONNECT_S))


def _is_answered(address: tuple[str, int], asked: Request) -> bool:
    with Conversation(address, bodiless=asked.method == "HEAD") as one:
        one.say(plain(asked))
        return one.hear(1, ASKED_S)


def _until_closed(watched: list[Silent], for_s: float) -> None:
    """Notes when each is closed, and the status of an answer that comes before."""
    deadline = time.monotonic() + for_s
    open_ones = {one.sock.fileno(): one for one in watched}
    poller = select.poll()
    for fd in open_ones:
        poller.register(fd, select.POLLIN)
    while open_ones and (left_s := deadline - time.monotonic()) > 0:
        for fd, _ in poller.poll(left_s * 1_000):
            one = open_ones[fd]
            data = _received(one.sock)
            if data:
                found = STATUS.match(data)
                one.status = int(found[1]) if found else one.status
                continue
            one.closed_after_s = round(time.monotonic() - one.since_s, 2)
            poller.unregister(fd)
            del open_ones[fd]


def _received(sock: socket.socket) -> bytes:
    """Nothing where the connection has ended."""
    try:
        return sock.recv(RECV_BYTES)
    except OSError:
        return b""
