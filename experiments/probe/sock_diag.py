"""Who listens in this network namespace, asked of the kernel's sock_diag(7).

`/proc/net/tcp` tells the same, but the kernel walks its table of established connections to fill
a page of it: 2.5 ms for each of its two files where that table has 262,144 buckets, with nothing
in it, and a processor that is looked at 20 times a second serves nobody in between. A dump of the
listening sockets alone takes 20 us.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from experiments.probe.netlink import attributes, dump

NETLINK_SOCK_DIAG: Final = 4  # linux/netlink.h
SOCK_DIAG_BY_FAMILY: Final = 20  # linux/sock_diag.h
TCP_LISTEN: Final = 10
REQUEST: Final = struct.Struct(
    "=BBBBI48x"
)  # struct inet_diag_req_v2: family, protocol, 0, 0, states
FOUND: Final = struct.Struct("=4xH2x16s32xII8x")  # struct inet_diag_msg
"""`idiag_sport` in network byte order, `idiag_src`, and `idiag_rqueue` and `idiag_wqueue`: depth of
the accept queue, and how much it takes."""
INET_DIAG_SKV6ONLY: Final = 11  # linux/inet_diag.h
ADDRESS_BYTES: Final[dict[int, int]] = {socket.AF_INET: 4, socket.AF_INET6: 16}


class Listener(NamedTuple):
    """A listening socket; `only_ipv6`: it takes no connections by IPv4."""

    address: str
    port: int
    only_ipv6: bool = False
    queued: int = 0


def accept_queue(port: int) -> int:
    """Depth of the accept queues on `port` of this network namespace, summed over IPv4, IPv6 and
    all listeners that share it. Raises OSError where the kernel has no sock_diag for TCP
    (CONFIG_INET_DIAG).
    """
    return sum(queued for queued, _ in _queues(port))


def accept_queue_limit(port: int) -> int:
    """How much those take together: the backlog of each, or net.core.somaxconn if that is less.
    Raises OSError as `accept_queue`."""
    return sum(limit for _, limit in _queues(port))


def _queues(port: int) -> Iterator[tuple[int, int]]:
    """Depth and limit of each."""
    for _, message in _messages():
        at, _, queued, limit = FOUND.unpack_from(message)
        if socket.ntohs(at) == port:
            yield queued, limit


def listeners() -> list[Listener]:
    """All TCP listeners of this network namespace. Raises OSError as `accept_queue`."""
    return [_listener(family, message) for family, message in _messages()]


def _listener(family: int, message: bytes) -> Listener:
    port, source, queued, _ = FOUND.unpack_from(message)
    address = socket.inet_ntop(family, source[: ADDRESS_BYTES[family]])
    only_ipv6 = any(
        bool(value[0])
        for kind, value in attributes(message, FOUND.size)
        if kind == INET_DIAG_SKV6ONLY
    )
    return Listener(address, socket.ntohs(port), only_ipv6, queued)


def _messages() -> Iterator[tuple[int, bytes]]:
    """What the kernel says of each listener, and its address family."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_SOCK_DIAG) as diag:
        for family in ADDRESS_BYTES:
            for message in _dump(diag, family):
                yield family, message


def _dump(diag: socket.socket, family: int) -> Iterator[bytes]:
    request = REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, 1 << TCP_LISTEN)
    return dump(diag, SOCK_DIAG_BY_FAMILY, request)
