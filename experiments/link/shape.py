"""How a path is shaped: the commands of `ip` and `tc`, and what the path then has to be.

Each direction has a line of its own, told apart by the server's port; what else goes through the
namespace (the probe's answers, the way to the Locust master) passes beside them. A line is a class
of HTB with the rate, and below it netem with delay and loss, as in Mininet (mininet/link.py).
Packets are those of a wire, 1,500 bytes at most, also on the loopback device: a loss takes one of
them, and not 64 KiB.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from contract.link import HANDLES, TO_CLIENT, TO_SERVER
from contract.loads import POD
from contract.settings.trial import Settings

PORT_OF: Final = {TO_CLIENT: "sport", TO_SERVER: "dport"}
MTU: Final = 1_500
SMALLEST_BYTES: Final = 66
"""A segment without data: 20 of IP, 32 of TCP with its times, 14 of Ethernet."""
QUEUE: Final = 1_000
"""Packets that wait before a thin line: netem's own, and about what a network card has."""
NEVER_FULL: Final = 1_000_000
"""Packets: a path that is not thin loses none but by `loss`."""
UNLIMITED: Final = "100gbit"
LOOPBACK, BRIDGE = "lo", "eth0"


def script(settings: Settings, port: int) -> str:
    """Shell commands that shape the path in one network namespace. They end at the first that
    fails, which says why."""
    device = LOOPBACK if settings.network == POD else BRIDGE
    return "\n".join(("set -ex", *_commands(settings, port, device)))


def _commands(settings: Settings, port: int, device: str) -> Iterator[str]:
    if device == LOOPBACK:
        yield f"ip link set dev {device} mtu {MTU}"
    yield f"ip link set dev {device} gso_max_segs 1"
    yield f"tc qdisc add dev {device} root handle 1: htb"
    rate = f"{settings.rate_mbit:.10g}mbit" if settings.rate_mbit else UNLIMITED
    for direction, handle in HANDLES.items():
        line = f"1:{handle:x}"
        yield f"tc class add dev {device} parent 1: classid {line} htb rate {rate} quantum {MTU}"
        yield f"tc qdisc add dev {device} parent {line} handle {handle:x}: {_queue(settings)}"
        yield (
            f"tc filter add dev {device} parent 1: protocol ip u32 match ip protocol 6 0xff "
            f"match ip {PORT_OF[direction]} {port} 0xffff flowid {line}"
        )


def _queue(settings: Settings) -> str:
    """What is below a line's rate."""
    if not (settings.delay_ms or settings.loss):
        return f"pfifo limit {QUEUE}"
    words = [f"netem limit {_limit(settings)}"]
    if settings.delay_ms:
        words.append(f"delay {settings.delay_ms:.10g}ms")
    if settings.loss:
        words.append(f"loss {settings.loss * 100:.10g}%")
    return " ".join(words)


def _limit(settings: Settings) -> int:
    """Packets: those on their way count as well as those that wait."""
    if not settings.rate_mbit:
        return NEVER_FULL
    under_way = settings.rate_mbit * 1e6 / 8 * settings.delay_ms / 1e3 / SMALLEST_BYTES
    return QUEUE + math.ceil(under_way)
