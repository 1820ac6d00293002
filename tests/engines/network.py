"""The way out of a machine: a pair of devices, and rules that let the host pass it on.

The machines of one checkout have one network of four addresses among those for tests of networks
(RFC 2544), which nobody routes.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

TESTS: Final = IPv4Network("198.18.0.0/15")
DEVICE: Final = "eth0"
"""On the machine."""


class LinkError(Exception):
    """The host refused; the message has its words."""


@dataclass(frozen=True, slots=True)
class Link:
    """`checkout` is eight hex digits."""

    checkout: str

    @property
    def device(self) -> str:
        """On the host; fifteen letters at most."""
        return f"c10k{self.checkout}"

    @property
    def network(self) -> IPv4Network:
        number = int(self.checkout, 16) % (TESTS.num_addresses // 4)
        return IPv4Network((int(TESTS.network_address) + 4 * number, 30))

    def open(self, process: int) -> None:
        """Lead out of the network namespace of a process. Raises LinkError."""
        host, machine = self.network.hosts()
        inside = ("nsenter", f"--net=/proc/{process}/ns/net", "ip")
        peer = ("peer", "name", DEVICE, "netns", str(process))
        _call("ip", "link", "add", self.device, "type", "veth", *peer)
        _call("ip", "address", "add", f"{host}/30", "dev", self.device)
        _call("ip", "link", "set", self.device, "up")
        _call(*inside, "address", "add", f"{machine}/30", "dev", DEVICE)
        for device in ("lo", DEVICE):
            _call(*inside, "link", "set", device, "up")
        _call(*inside, "route", "add", "default", "via", str(host))
        for table, chain, rule in self._rules():
            _call("iptables", "--wait", "--table", table, "--insert", chain, *rule)

    def close(self) -> None:
        """Take away what is there of it."""
        for table, chain, rule in self._rules():
            while _succeeds("iptables", "--wait", "--table", table, "--delete", chain, *rule):
                continue
        _succeeds("ip", "link", "delete", self.device)

    def _rules(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """Table, chain and rule."""
        own, mark = str(self.network), ("--match", "comment", "--comment", self.device)
        return [
            ("filter", "FORWARD", ("--source", own, *mark, "--jump", "ACCEPT")),
            ("filter", "FORWARD", ("--destination", own, *mark, "--jump", "ACCEPT")),
            (
                "nat",
                "POSTROUTING",
                ("--source", own, "!", "--destination", own, *mark, "--jump", "MASQUERADE"),
            ),
        ]


def _call(*words: str) -> None:
    done = subprocess.run(words, check=False, capture_output=True, text=True)  # noqa: S603 - fixed words
    if done.returncode:
        raise LinkError(f"{' '.join(words)}: {done.stderr.strip()}")


def _succeeds(*words: str) -> bool:
    done = subprocess.run(words, check=False, capture_output=True)  # noqa: S603 - fixed words
    return done.returncode == 0
