"""The addresses that connections come from, in turn, where one has not enough ports.

A connection is told from others by the addresses and ports of both ends, so towards one server
each source address has ports of its own. On loopback all of 127.0.0.0/8 is there for nothing.

With IP_BIND_ADDRESS_NO_PORT the kernel chooses the port at connect(), when it knows the other end,
and so gives one number to connections from several addresses. It tries even numbers before odd
ones: while an address has fewer connections than half its range of ports the next free one is
found at once, and beyond that connect() looks at all even ports in vain, every time.
"""

from __future__ import annotations

import _socket
import ipaddress
from itertools import cycle

IP_BIND_ADDRESS_NO_PORT = 24
"""linux/in.h, since Linux 4.2; not every Python has a name for it."""
FIRST = ipaddress.IPv4Address("127.0.0.1")


class SourceAddresses:
    """`count` of them from 127.0.0.1 on, taken in turn from the place `first` on; one alone is
    left to the kernel. Each worker begins at another place, so that the last round of them all is
    spread too."""

    def __init__(self, count: int = 1, first: int = 0) -> None:
        found = [str(FIRST + (first + place) % count) for place in range(count)]
        self._next = cycle(found).__next__ if count > 1 else None

    def bind(self, sock: _socket.socket) -> None:
        """Give a socket that is about to connect the next address. Raises OSError, and the socket
        is closed then."""
        if self._next is None:
            return
        try:
            sock.setsockopt(_socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            sock.bind((self._next(), 0))
        except OSError:
            sock.close()
            raise
