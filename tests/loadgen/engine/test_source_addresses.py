"""Connections come from several addresses in turn, and each has the ports of its own."""

from __future__ import annotations

import _socket
import socket
from collections import Counter
from contextlib import ExitStack
from typing import cast

import pytest

from loadgen.engine.engine import Engine
from loadgen.engine.measures import Target
from loadgen.engine.source_addresses import SourceAddresses
from loadgen.loads.connection_per_request import ConnectionPerRequest
from loadgen.loads.keep_alive import KeepAlive
from tests.support.engines import EXCHANGE, do, running, until
from tests.support.loopback import answer_for_ever, answer_once, serving


class Bound:
    """A socket that keeps what it was bound to."""

    def __init__(self, found: list[str]) -> None:
        self._found = found

    def setsockopt(self, *_option: int) -> None:
        pass

    def bind(self, address: tuple[str, int]) -> None:
        self._found.append(address[0])
        assert address[1] == 0, "the port is the kernel's to choose"


def taken(sources: SourceAddresses, count: int) -> list[str]:
    """The addresses of so many sockets."""
    found: list[str] = []
    for _ in range(count):
        sources.bind(cast("_socket.socket", Bound(found)))
    return found


def test_one_address_is_left_to_the_kernel() -> None:
    assert taken(SourceAddresses(), 5) == taken(SourceAddresses(1, 3), 5) == []


def test_several_are_taken_in_turn() -> None:
    assert taken(SourceAddresses(3), 4) == ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.1"]


@pytest.mark.parametrize(("sources", "workers"), [(4, 6), (6, 4), (2, 3), (64, 6)])
def test_workers_begin_at_different_places(sources: int, workers: int) -> None:
    """So that no address has many more than another: one for each worker at most."""
    each = 1_000
    counted = Counter(
        address
        for worker in range(workers)
        for address in taken(SourceAddresses(sources, worker), each)
    )
    assert len(counted) == sources
    assert counted.total() == workers * each
    assert max(counted.values()) - min(counted.values()) <= workers


def peers(engine: Engine) -> Counter[str]:
    """From where its connections come, by address."""
    found: Counter[str] = Counter()
    for fd in engine.idle | engine._active:
        with socket.socket(fileno=fd) as sock:
            found[sock.getsockname()[0]] += 1
            sock.detach()
    return found


def test_idle_and_active_connections_come_from_all_of_them() -> None:
    with (
        serving(answer_for_ever) as address,
        running(KeepAlive(Target(address, EXCHANGE))) as engine,
    ):
        engine.sources = SourceAddresses(3)
        do(engine, lambda: engine.open_idle(6))
        until(lambda: engine.gauges().idle_established == 6, engine)
        do(engine, lambda: engine.want_active(3))
        until(lambda: engine.gauges().active_established == 3, engine)
        found = do(engine, lambda: peers(engine))
    assert found == {"127.0.0.1": 3, "127.0.0.2": 3, "127.0.0.3": 3}


def test_so_does_a_connection_per_request() -> None:
    seen: set[str] = set()

    def note(connection: socket.socket, number: int) -> None:
        seen.add(connection.getpeername()[0])
        answer_once(connection, number)

    with serving(note) as address, running(ConnectionPerRequest(Target(address, EXCHANGE))) as one:
        one.sources = SourceAddresses(2)
        do(one, lambda: one.want_active(1))
        until(lambda: one.response.total() >= 4, one)
    assert seen == {"127.0.0.1", "127.0.0.2"}


def test_two_addresses_have_one_port_each_of_the_same_number() -> None:
    """What a second address is for: the kernel refuses the same four numbers, and no others."""
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as stack:

        def connected(address: str, port: int) -> socket.socket:
            sock = stack.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address, port))
            sock.connect(server.getsockname())
            return sock

        port = connected("127.0.0.1", 0).getsockname()[1]
        assert connected("127.0.0.2", port).getsockname() == ("127.0.0.2", port)
        with pytest.raises(OSError, match=r"Address already in use|Cannot assign"):
            connected("127.0.0.1", port)


def test_an_address_that_is_not_there_is_a_failed_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And the engine goes on."""
    with (
        serving(answer_for_ever) as address,
        running(KeepAlive(Target(address, EXCHANGE))) as engine,
    ):
        engine.sources = SourceAddresses(2)
        elsewhere = iter(["127.0.0.1", "192.0.2.1", "127.0.0.2"])
        monkeypatch.setattr(engine.sources, "_next", lambda: next(elsewhere))
        do(engine, lambda: engine.open_idle(3))
        until(lambda: engine.gauges().idle_established == 2, engine)
        assert engine.gauges().idle_failed == 1
        assert engine.errors == {"idle_out_of_ports": 1}
