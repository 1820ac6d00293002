"""What went over a path that is made slow, lossy or thin, asked of the kernel's rtnetlink(7).

The counters are those of the queueing disciplines that experiments/link/ has set here, as
`tc -s qdisc` shows them. To read them takes no capability.
"""

from __future__ import annotations

import errno
import socket
import struct
from typing import Final

from contract.link import HANDLES
from experiments.probe.netlink import attributes, dump

NETLINK_ROUTE: Final = 0  # linux/netlink.h
RTM_GETQDISC: Final = 38  # linux/rtnetlink.h
TCMSG: Final = struct.Struct("=B3xiIII")  # struct tcmsg: family, device, handle, parent, info
TCA_STATS2, TCA_STATS_BASIC, TCA_STATS_QUEUE = 7, 1, 3  # linux/rtnetlink.h, linux/gen_stats.h
BASIC: Final = struct.Struct("=QI")  # struct gnet_stats_basic: bytes, packets
QUEUE: Final = struct.Struct("=III")  # struct gnet_stats_queue: waiting, their bytes, dropped
DIRECTIONS: Final = {handle: name for name, handle in HANDLES.items()}


def link() -> dict[str, tuple[int, ...]] | None:
    """By direction: packets and bytes that went out from this network namespace, and packets that
    were dropped; None where no path is shaped here. The packets and the dropped ones are counted
    modulo 2^32. Raises OSError where the kernel does not tell."""
    found = {}
    for message in _disciplines():
        _, _, handle, _, _ = TCMSG.unpack_from(message)
        name = DIRECTIONS.get(handle >> 16)
        if name:
            found[name] = _counters(message)
    return found or None


def _disciplines() -> list[bytes]:
    """None in a kernel that knows nothing of them (CONFIG_NET_SCHED), and so shapes no path."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_ROUTE) as route:
        try:
            return [*dump(route, RTM_GETQDISC, TCMSG.pack(socket.AF_UNSPEC, 0, 0, 0, 0))]
        except OSError as error:
            if error.errno == errno.EOPNOTSUPP:
                return []
            raise


def _counters(message: bytes) -> tuple[int, ...]:
    told = dict(attributes(message, TCMSG.size))
    stats = dict(attributes(told[TCA_STATS2]))
    sent, packets = BASIC.unpack_from(stats[TCA_STATS_BASIC])
    _, _, dropped = QUEUE.unpack_from(stats[TCA_STATS_QUEUE])
    return packets, sent, dropped
