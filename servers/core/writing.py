"""How output leaves a server: the HOWTO's question of small writes, the same for all variants.

Joined, all responses to what was read at once are one write. Split, the head and the body of each
are written one by one, as a careless server does, and the kernel decides what becomes a segment:
Nagle's algorithm, TCP_NODELAY or TCP_CORK (HOWTO, examples 5 and 6). TCP_NODELAY is set on the
listening socket (listener.py): on Linux a connection inherits it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate, pairwise
from typing import Protocol

from servers.core.settings import Settings

Write = Callable[[int, bytes | memoryview], int]
"""Like os.write: takes a descriptor and output, returns how many bytes have left."""


class Split(bytes):
    """Output that remembers its parts. A slice of it is plain bytes, and so is one part."""

    def __new__(cls, parts: Iterable[bytes]) -> Split:
        """Join the parts, and keep where they end."""
        wanted = [part for part in parts if part]
        made = super().__new__(cls, b"".join(wanted))
        made._ends = tuple(accumulate(map(len, wanted)))
        return made

    _ends: tuple[int, ...]

    def parts(self) -> Iterator[memoryview]:
        """Yield the parts, without copying them."""
        whole = memoryview(self)
        for start, end in pairwise((0, *self._ends)):
            yield whole[start:end]


def make_write(settings: Settings) -> Write:
    """Return the function that writes as the settings say; os.write itself if they say nothing."""
    write = write_parts if settings.split_writes else os.write
    if not settings.cork:
        return write

    def corked(fd: int, output: bytes | memoryview) -> int:
        handle = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=fd)
        try:
            handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
            sent = write(fd, output)
            handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
        finally:
            handle.detach()
        return sent

    return corked


def write_parts(fd: int, output: bytes | memoryview) -> int:
    """Write part by part until all has left or the socket is full; return the bytes that left.

    What is left of a `Split` after that is plain bytes: the peer does not read, and how its
    output is cut has ceased to matter.
    """
    if not isinstance(output, Split):
        return os.write(fd, output)
    sent = 0
    for part in output.parts():
        try:
            written = os.write(fd, part)
        except BlockingIOError:
            if sent:
                break
            raise
        sent += written
        if written < len(part):
            break
    return sent


class Corkable(Protocol):
    """A socket, whoever made it."""

    def setsockopt(self, level: int, option: int, value: int, /) -> None:
        """Set an option."""


def adapt_write(
    settings: Settings, write: Callable[[bytes | memoryview], None], connection: Corkable
) -> Callable[[bytes], None]:
    """Return what writes as the settings say, by a `write` that takes all; itself if nothing."""

    def write_parts(output: bytes) -> None:
        for part in output.parts() if isinstance(output, Split) else (output,):
            write(part)

    chosen = write_parts if settings.split_writes else write
    if not settings.cork:
        return chosen

    def corked(output: bytes) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        chosen(output)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)

    return corked
