"""Garbage, heads without end, halves and floods: they come, are counted, and go."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing

from loadgen.clients.bad_clients import HALF
from loadgen.clients.flood import ASKS_S, STAYS_S, Flood
from loadgen.clients.hostile_clients import GARBAGE_S, KINDS, HostileClients
from tests.support.loopback import REQUEST, RESPONSE, serving, unused_address
from tests.support.server_process import eventually


class Listener:
    """Keeps what each connection sends, and whether its other half was closed."""

    def __init__(self, *, closes: bool) -> None:
        self.received: dict[int, bytes] = {}
        self.ended: set[int] = set()
        self._closes = closes
        self._go = threading.Event()

    def __call__(self, connection: socket.socket, number: int) -> None:
        self.received[number] = b""
        try:
            while data := connection.recv(65_536):
                self.received[number] += data
        finally:
            self.ended.add(number)
        if self._closes:
            connection.close()
        else:
            self._go.wait(20)

    def release(self) -> None:
        self._go.set()


def until(clients: HostileClients, condition: Callable[[], bool]) -> None:
    def met() -> bool:
        clients.tick(time.monotonic())
        return condition()

    eventually(met, f"{clients.gauges()}")


def test_each_kind_comes_in_turn_and_a_half_stays_while_the_server_keeps_it() -> None:
    listener = Listener(closes=False)
    with serving(listener) as address, closing(HostileClients(address, per_s=60)) as clients:
        until(clients, lambda: all(clients.counts[kind] >= 3 for kind in KINDS))
        until(clients, lambda: clients.gauges()["half_closed_open"] >= 3)
        until(clients, lambda: sum(one == HALF for one in listener.received.values()) >= 3)
        halves = {number for number, said in listener.received.items() if said == HALF}
        until(clients, lambda: halves <= listener.ended)
        assert any(len(said) >= 20_000 for said in listener.received.values())
        listener.release()
    assert clients.gauges()["half_closed_open"] == 0


def test_a_server_that_closes_is_rid_of_them() -> None:
    with (
        serving(Listener(closes=True)) as address,
        closing(HostileClients(address, per_s=30)) as clients,
    ):
        until(clients, lambda: clients.counts["half_closed"] >= 2)
        clients.per_s = 0.1
        until(clients, lambda: clients.gauges()["half_closed_open"] == 0)


def test_their_pace_is_that_of_the_clock() -> None:
    with (
        serving(Listener(closes=True)) as address,
        closing(HostileClients(address, per_s=8)) as clients,
    ):
        for step in range(17):
            clients.tick(step / 8)
        assert sum(clients.counts[kind] for kind in KINDS) == 16
        clients.tick(2.0 + GARBAGE_S + 10)


def test_nobody_there_is_no_fault_of_theirs() -> None:
    with closing(HostileClients(unused_address(), per_s=100)) as clients:
        clients.tick(0.0)
        clients.tick(0.5)
        clients.tick(1.0)
    assert HostileClients(unused_address()).gauges() == {}


def test_a_flood_comes_asks_and_goes() -> None:
    asked: list[bytes] = []
    ended: list[int] = []

    def answer(connection: socket.socket, number: int) -> None:
        try:
            while data := connection.recv(4_096):
                asked.append(data)
                connection.sendall(RESPONSE)
        finally:
            ended.append(number)

    with serving(answer, backlog=512) as address:
        flood = Flood(address, 300, REQUEST)
        flood.tick(0.0)
        assert flood.gauges() == {}, "it has not begun"
        flood.begin()
        flood.tick(10.0)
        flood.tick(10.05)
        flood.tick(10.05 + ASKS_S)
        eventually(lambda: len(asked) == 300, "all ask")
        assert flood.gauges() == {"flood_connected": 300}
        assert not ended
        flood.tick(10.05 + STAYS_S)
        eventually(lambda: len(ended) == 300, "all go")
        flood.tick(20.0)
        assert flood.gauges() == {"flood_connected": 300}


def test_who_cannot_come_is_counted() -> None:
    flood = Flood(unused_address(), 5, REQUEST)
    flood.begin()
    flood.tick(0.0)
    flood.tick(0.1)
    flood.tick(0.1 + ASKS_S)
    assert flood.gauges() == {"flood_not_connected": 5}
    flood.close()
