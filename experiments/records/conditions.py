"""What may not change between the parts of a run that was stopped and goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from contract.sysctls import FILES, MOST_THREADS, MOST_TIME_WAIT, TCP_MEMORY, TRACKED

SAME: Final = (
    *("images", "servers", "kernel", "cpu", "lock_sha256", "format_version", "experiment_sha256"),
    *("docker", "bridge_nf_call_iptables", "clock_source"),
)
"""Keys of the manifest: another engine, or a path through the firewall, which costs a new
connection four times as much, is another machine."""
BY_MEMORY: Final = frozenset((FILES, MOST_THREADS, TCP_MEMORY, MOST_TIME_WAIT, TRACKED))
"""Settings of the kernel that it reckons anew at each boot, from the memory that is free then."""
OF_A_HOST: Final = (
    "docker",
    "engine",
    "kernel",
    "cores",
    "memory_bytes",
    "architecture",
    "address",
)
"""Facts of each machine of several; how far clocks are off, and the path, are looked at anew."""


def changed(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What differs in the manifests of two parts of a run, in words for a message."""
    first, second = _conditions(before), _conditions(json.loads(json.dumps(now)))
    return [name for name in {**first, **second} if first.get(name) != second.get(name)]


def _conditions(manifest: dict[str, Any]) -> dict[str, Any]:
    found = {name: manifest.get(name) for name in SAME}
    for name, value in _named(manifest.get("sysctls")):
        if name not in BY_MEMORY:
            found[name.replace("/", ".")] = value
    for name, host in _named(manifest.get("hosts")):
        known = dict(_named(host))
        found |= {f"{key} of the host {name}": known.get(key) for key in OF_A_HOST}
    return found


def _named(value: object) -> Iterable[tuple[str, Any]]:
    """What is in an object; nothing is in what somebody has put in its place."""
    return value.items() if isinstance(value, dict) else ()
