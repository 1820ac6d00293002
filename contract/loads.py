"""The kinds of load, and the words that say how one is done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoadKind:
    """A kind of load. `letter` stands for it in the names of trials."""

    name: str
    letter: str
    open: bool = False
    """It has a schedule; a closed one sends as fast as the answers come."""
    connecting: bool = False
    """Each request has a connection of its own."""
    without_clients: bool = False
    """Nothing is sent to a server: its interface of readiness is measured by itself."""


KINDS = {
    kind.name: kind
    for kind in (
        LoadKind("keep_alive", "k"),
        LoadKind("connection_per_request", "c", connecting=True),
        LoadKind("open_loop", "o", open=True),
        LoadKind("open_connections", "oc", open=True, connecting=True),
        LoadKind("token_ring", "t", without_clients=True),
        LoadKind("one_wait", "w", without_clients=True),
    )
}
LOADS = tuple(KINDS)
CLIENT_LOADS = tuple(name for name, kind in KINDS.items() if not kind.without_clients)
OPEN_LOADS = tuple(name for name, kind in KINDS.items() if kind.open)
CONNECTING_LOADS = tuple(name for name, kind in KINDS.items() if kind.connecting)
WITHOUT_CLIENTS = tuple(name for name, kind in KINDS.items() if kind.without_clients)

INTERFACES = ("select", "poll", "epoll_level", "epoll_edge")
"""Servers whose interface of readiness can be measured by itself."""
ARRIVALS = ("fixed", "poisson")
"""When the requests of an open load are due."""
IDLES = ("after_one", "silent")
"""Idle connections are silent after one request, or always."""
POD, BRIDGE, WIRE = NETWORKS = ("pod", "bridge", "wire")
"""The load joins the server's network namespace, crosses a bridge, or is on another machine."""
