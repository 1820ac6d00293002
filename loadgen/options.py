"""The knobs of a load, the same for a sweep, the command line and the UI's form.

Locust's form ignores `choices` and `type`, so everything is checked here again,
and all that is wrong is said at once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PORT = 8080
LOADS = ("keep_alive", "connection_per_request")
LIMITS: dict[str, tuple[float, float]] = {
    "idle_connections": (0, 100_000),
    "in_flight": (1, 10_000),
    "warm_up_s": (0, 600),
    "window_s": (0, 3_600),
    "expect_status": (200, 599),
    "listen_s": (0, 600),
}
LISTEN_S = 5.0
DEFAULTS = {"in_flight": 64, "expect_status": 200, "listen_s": LISTEN_S}
PATH = re.compile(r"/[!-~]*")
BODY = "Hello, world!"


class OptionsError(ValueError):
    """Every fault of the form in one message."""


@dataclass(frozen=True, slots=True)
class Options:
    """What one load does. `window_s` 0 measures until it is stopped by hand."""

    host: str
    port: int
    load: str
    idle_connections: int
    in_flight: int
    warm_up_s: float
    window_s: float
    trial: str
    probe: str
    path: str = "/"
    expect_status: int = 200
    expect_body: str = BODY
    """Empty: any body that stays the same."""
    listen_s: float = LISTEN_S
    """How long to wait for a server that has just been started."""

    @property
    def is_trial(self) -> bool:
        """Part of a sweep: it ends by itself and its result is collected."""
        return bool(self.trial)


def known_servers() -> list[str]:
    """Names of the lab's servers that can be reached from here, from C10K_SERVERS."""
    return os.environ.get("C10K_SERVERS", "").split()


def parse(values: Mapping[str, Any], host: str | None) -> Options:
    """Check the knobs. Raises OptionsError with all faults.

    The target is one of the lab's own servers: `server` by name, or loopback in
    a shared network namespace. No other address is ever loaded.
    """
    faults: list[str] = []
    load = str(values.get("load", LOADS[0]))
    if load not in LOADS:
        faults.append(f"load is {load!r}; choose one of {', '.join(LOADS)}")
    numbers = {
        name: _number(name, values.get(name, DEFAULTS.get(name, 0)), faults) for name in LIMITS
    }
    target, port = _target(str(values.get("server") or ""), host or "", faults)
    probe = str(values.get("probe") or "")
    if probe and probe.rpartition(":")[0] != target:
        faults.append(f"probe is {probe!r}; it must be beside the server, at {target}")
    path = str(values.get("path") or "/")
    if not PATH.fullmatch(path):
        faults.append(f"path is {path!r}; it must begin with / and hold no blanks")
    if faults:
        raise OptionsError("; ".join(faults))
    return Options(
        host=target,
        port=port,
        load=load,
        idle_connections=int(numbers["idle_connections"]),
        in_flight=int(numbers["in_flight"]),
        warm_up_s=numbers["warm_up_s"],
        window_s=numbers["window_s"],
        trial=str(values.get("trial") or ""),
        probe=probe,
        path=path,
        expect_status=int(numbers["expect_status"]),
        expect_body=str(values.get("expect_body", BODY)),
        listen_s=numbers["listen_s"],
    )


def _number(name: str, value: Any, faults: list[str]) -> float:
    low, high = LIMITS[name]
    try:
        number = float(value)
    except (TypeError, ValueError):
        faults.append(f"{name} is {value!r}; give a number from {low:g} to {high:g}")
        return low
    if not low <= number <= high:
        faults.append(f"{name} is {value}; it must be from {low:g} to {high:g}")
    elif not name.endswith("_s") and number != int(number):
        faults.append(f"{name} is {value}; it must be a whole number")
    return number


def _target(server: str, host: str, faults: list[str]) -> tuple[str, int]:
    servers = known_servers()
    if server:
        if server not in servers:
            faults.append(f"server is {server!r}; choose one of {', '.join(servers) or '(none)'}")
        return server, PORT
    try:
        parts = urlsplit(host)
        name, port = parts.hostname, parts.port or PORT
    except ValueError:
        name, port = None, PORT
    if name in ("127.0.0.1", *servers):
        return name, port
    faults.append(
        f"host is {host!r}; the lab loads only its own servers: "
        f"{', '.join(servers) or 'http://127.0.0.1:8080 in a shared network namespace'}"
    )
    return "", 0
