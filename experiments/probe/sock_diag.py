"""The accept queues of a port, asked of the kernel's sock_diag(7).

`/proc/net/tcp` tells the same, but the kernel walks its table of established connections to fill
a page of it: 2.5 ms for each of its two files where that table has 262,144 buckets, with nothing
in it, and a processor that is looked at 20 times a second serves nobody in between. A dump of the
listening sockets alone takes 20 us.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Final

NETLINK_SOCK_DIAG: Final = 4  # linux/netlink.h
SOCK_DIAG_BY_FAMILY: Final = 20  # linux/sock_diag.h
NLM_F_REQUEST_DUMP: Final = 0x301
NLMSG_ERROR, NLMSG_DONE = 2, 3
TCP_LISTEN: Final = 10
HEADER: Final = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
REQUEST: Final = struct.Struct(
    "=BBBBI48x"
)  # struct inet_diag_req_v2: family, protocol, 0, 0, states
FOUND: Final = struct.Struct("=4x2s50xI")  # struct inet_diag_msg: source port, queue
"""`idiag_sport` in network byte order, and `idiag_rqueue`: of a listener, its accept queue."""
MOST_BYTES: Final = 65_536


def accept_queue(port: int) -> int:
    """Depth of the accept queues on `port` of this network namespace, summed over IPv4, IPv6 and
    all listeners that share it. Raises OSError where the kernel has no sock_diag for TCP
    (CONFIG_INET_DIAG).
    """
    sought = port.to_bytes(2, "big")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_SOCK_DIAG) as diag:
        found = (*_dump(diag, socket.AF_INET), *_dump(diag, socket.AF_INET6))
    return sum(depth for at, depth in found if at == sought)


def _dump(diag: socket.socket, family: int) -> Iterator[tuple[bytes, int]]:
    """Port and depth of each listener of an address family."""
    request = REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, 1 << TCP_LISTEN)
    size = HEADER.size + len(request)
    diag.send(HEADER.pack(size, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST_DUMP, 0, 0) + request)
    while True:
        answer = diag.recv(MOST_BYTES)
        at = 0
        while at < len(answer):
            length, kind, _flags, _sequence, _port = HEADER.unpack_from(answer, at)
            if kind == NLMSG_DONE:
                return
            if kind == NLMSG_ERROR:
                code = -struct.unpack_from("=i", answer, at + HEADER.size)[0]
                raise OSError(code, "sock_diag refused")
            yield FOUND.unpack_from(answer, at + HEADER.size)
            at += (length + 3) & ~3
