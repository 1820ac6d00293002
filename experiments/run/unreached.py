"""Why nobody could connect to a port, from who listens beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from contract.loads import POD
from experiments.docker.driver import Driver, DriverError
from experiments.plan.trials import Point
from experiments.probe.listeners import takes
from experiments.probe.sock_diag import Listener
from experiments.records.server_log import last_lines

LISTENERS: Final = ("python3", "/opt/lab/experiments/probe/listeners.py")
LOOPBACK: Final = "127.0.0.1"


def why_unreached_by(driver: Driver, probe: str, point: Point) -> str:
    """Why the load did not reach somebody's server that runs, and what to do; empty where the
    listeners that the container of its probe sees do not show it."""
    try:
        seen = driver.execute(probe, LISTENERS)
    except DriverError as error:
        return f"who listens there could not be read: {error}"
    if seen.exit_code:
        return f"who listens there could not be read: {last_lines(seen.output)}"
    return advice([Listener(*one) for one in json.loads(seen.output)], point)


def why_unreached(found: Sequence[Listener], port: int, to: str) -> str:
    """In words; empty if somebody takes connections on the port: `to` this address, or, if that
    is empty, from another network namespace."""
    on_port = [one for one in found if one.port == port]
    if any(takes(one, to) for one in on_port):
        return ""
    if not found:
        return "it listens on no port"
    if not on_port:
        ports = sorted({one.port for one in found})
        return f"it listens on port {' and '.join(map(str, ports))}, not {port}"
    places = " and ".join(sorted({_place(one) for one in on_port}))
    by_ipv6 = all(one.only_ipv6 for one in on_port)
    come = f"by IPv4 to {to}" if to else "by IPv4" if by_ipv6 else "from another container"
    return f"it listens on {places} alone, and connections come {come}"


def advice(found: Sequence[Listener], point: Point) -> str:
    """The same of a point's server, for the load, with what to do."""
    port = point.foreign.port if point.foreign else 0
    bridged = point.settings.network != POD
    why = why_unreached(found, port, "" if bridged else LOOPBACK)
    if not why or not found:
        return why
    on_port = [one for one in found if one.port == port]
    if not on_port:
        ports = sorted({one.port for one in found})
        return f"{why}: set `port: {ports[0]}`" if len(ports) == 1 else f"{why}: set `port`"
    others = bridged and any(takes(one, LOOPBACK) for one in on_port)
    pod = ", or set `network: pod`" if others else ""
    return f"{why}: have it listen on 0.0.0.0{pod}"


def _place(one: Listener) -> str:
    address = f"[{one.address}]" if ":" in one.address else one.address
    return f"{address}:{one.port}{' (IPv6 only)' if one.only_ipv6 else ''}"
