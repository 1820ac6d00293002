"""Who listens in this network namespace, and which connections a port has, asked of the kernel's
sock_diag(7).

`/proc/net/tcp` tells the same, but the kernel walks its table of established connections to fill
a page of it: 2.5 ms for each of its two files where that table has 262,144 buckets, with nothing
in it, and a processor that is looked at 20 times a second serves nobody in between. A dump of the
listening sockets alone takes 20 us. Of 100,000 connections it has as many lines for the clients'
ends, and a page of text takes longer to write, and to read, than a message.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from experiments.probe.netlink import attributes, dump

NETLINK_SOCK_DIAG: Final = 4  # linux/netlink.h
SOCK_DIAG_BY_FAMILY: Final = 20  # linux/sock_diag.h
TCP_ESTABLISHED, TCP_LISTEN = 1, 10
REQUEST: Final = struct.Struct(
    "=BBBBIH46x"
)  # struct inet_diag_req_v2: family, protocol, 0, 0, states, `idiag_sport`; that is 0: any
FOUND: Final = struct.Struct("=4xH2x16s32xII4xI")  # struct inet_diag_msg
"""`idiag_sport` in network byte order, `idiag_src`, and `idiag_rqueue` and `idiag_wqueue`: depth of
the accept queue, and how much it takes; and the inode."""
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
    for _, message in _messages(TCP_LISTEN):
        at, _, queued, limit, _ = FOUND.unpack_from(message)
        if socket.ntohs(at) == port:
            yield queued, limit


def listeners() -> list[Listener]:
    """All TCP listeners of this network namespace. Raises OSError as `accept_queue`."""
    return [_listener(family, message) for family, message in _messages(TCP_LISTEN)]


def established(port: int) -> list[int]:
    """The sockets, by inode, of established connections to `port` of this network namespace: 0 for
    those in an accept queue. Raises OSError as `accept_queue`."""
    return [FOUND.unpack_from(message)[-1] for _, message in _messages(TCP_ESTABLISHED, port)]


def _listener(family: int, message: bytes) -> Listener:
    port, source, queued, _, _ = FOUND.unpack_from(message)
    address = socket.inet_ntop(family, source[: ADDRESS_BYTES[family]])
    only_ipv6 = any(
        bool(value[0])
        for kind, value in attributes(message, FOUND.size)
        if kind == INET_DIAG_SKV6ONLY
    )
    return Listener(address, socket.ntohs(port), only_ipv6, queued)


def _messages(state: int, port: int = 0) -> Iterator[tuple[int, bytes]]:
    """What the kernel says of each socket in this state and on this port, and its address family;
    the port does not tell listeners apart."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_SOCK_DIAG) as diag:
        for family in ADDRESS_BYTES:
            asked = (family, socket.IPPROTO_TCP, 0, 0, 1 << state, socket.htons(port))
            for message in dump(diag, SOCK_DIAG_BY_FAMILY, REQUEST.pack(*asked)):
                yield family, message
