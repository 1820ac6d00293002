"""A hostile client that nobody let in has not come."""

from __future__ import annotations

import socket

from loadgen.clients.hostile_clients import KINDS, HostileClients
from tests.support.loopback import serving, unused_address

COME = 30


def test_those_that_are_refused_are_counted_as_such() -> None:
    clients = HostileClients(unused_address(), per_s=COME)
    for now_s in (0.0, 1.0, 1.0):
        clients.tick(now_s)
    told = clients.gauges()
    clients.close()
    assert sum(told.get(kind, 0) for kind in KINDS) == 0
    assert told["hostile_not_connected"] == COME


def test_those_that_are_let_in_have_come() -> None:
    def silent(connection: socket.socket, _number: int) -> None:
        while connection.recv(4_096):
            continue

    with serving(silent) as address:
        clients = HostileClients(address, per_s=COME)
        for now_s in (0.0, 1.0, 1.0):
            clients.tick(now_s)
        told = clients.gauges()
        clients.close()
    assert sum(told.get(kind, 0) for kind in KINDS) == COME
    assert "hostile_not_connected" not in told
