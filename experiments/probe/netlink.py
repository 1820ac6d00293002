"""A dump asked of the kernel over netlink(7), message by message."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Final

NLM_F_REQUEST_DUMP: Final = 0x301
NLMSG_ERROR, NLMSG_DONE = 2, 3
HEADER: Final = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
ATTRIBUTE: Final = struct.Struct("=HH")  # struct rtattr: length, type
MOST_BYTES: Final = 65_536


def dump(netlink: socket.socket, kind: int, request: bytes) -> Iterator[bytes]:
    """What the kernel tells of each thing that the request is about, without the header. Raises
    OSError where it refuses."""
    size = HEADER.size + len(request)
    netlink.send(HEADER.pack(size, kind, NLM_F_REQUEST_DUMP, 0, 0) + request)
    while True:
        answer = netlink.recv(MOST_BYTES)
        at = 0
        while at < len(answer):
            length, told, _flags, _sequence, _port = HEADER.unpack_from(answer, at)
            if told == NLMSG_DONE:
                return
            if told == NLMSG_ERROR:
                code = -struct.unpack_from("=i", answer, at + HEADER.size)[0]
                raise OSError(code, f"the kernel refused a dump of {kind}")
            yield answer[at + HEADER.size : at + length]
            at += (length + 3) & ~3


def attributes(message: bytes, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """The attributes of a message from a place on: type and value of each."""
    at = start
    while at + ATTRIBUTE.size <= len(message):
        length, kind = ATTRIBUTE.unpack_from(message, at)
        yield kind, message[at + ATTRIBUTE.size : at + length]
        at += max((length + 3) & ~3, ATTRIBUTE.size)
