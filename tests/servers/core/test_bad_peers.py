"""Peers that misbehave harm themselves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.peer import GET, GET_OLD, PERSISTENT
from tests.support.server_process import concurrent, eventually

if TYPE_CHECKING:
    from tests.support.server_process import Server

SMALL_BUFFER_BYTES = 4096
MANY = 30


def test_peer_that_closes_early(server: Server) -> None:
    before = server.descriptors()
    for sent in (b"", b"GET / HT", GET, GET[:-1]):
        for _ in range(MANY):
            with server.connect() as peer:
                peer.send(sent)
    eventually(lambda: server.descriptors() <= before, "connections that ended are closed")
    with server.connect() as peer:
        assert peer.ask()
    assert server.log() == []


def test_peer_that_resets(server: Server) -> None:
    before = server.descriptors()
    for sent in (b"", b"GET / HT", GET, GET * 2000, GET_OLD, b"bad\r\n\r\n"):
        for _ in range(MANY):
            peer = server.connect()
            peer.send(sent)
            peer.reset()
    eventually(lambda: server.descriptors() <= before, "connections that ended are closed")
    with server.connect() as peer:
        assert peer.ask()
    assert server.log() == []


def test_response_that_leaves_in_parts(server: Server) -> None:
    with server.connect(SMALL_BUFFER_BYTES) as peer:
        sent = peer.send_until_stuck(GET, server.is_asleep)
        whole, part = divmod(sent, len(GET))
        peer.widen()
        assert peer.take(whole * len(PERSISTENT)) == PERSISTENT * whole
        assert peer.ask(GET[part:])


@concurrent
def test_peer_that_never_reads_costs_bounded_memory(own_server: Server) -> None:
    with own_server.connect() as other, own_server.connect(SMALL_BUFFER_BYTES) as peer:
        assert other.ask()
        before = own_server.memory_bytes()
        sent = peer.send_until_stuck(GET, own_server.is_asleep)
        assert sent > 100_000
        assert own_server.memory_bytes() - before < 4_000_000
        assert other.ask()
        assert other.ask()


@concurrent
def test_idle_and_slow_peers_do_not_hold_up_others(server: Server) -> None:
    peers = [server.connect() for _ in range(MANY)]
    try:
        for peer in peers[::2]:
            peer.send(GET[:9])
        with server.connect() as other:
            assert other.ask()
        for peer in peers[::2]:
            peer.send(GET[9:])
            assert peer.take(len(PERSISTENT)) == PERSISTENT
        assert all(peer.ask() for peer in peers)
    finally:
        for peer in peers:
            peer.socket.close()


def test_refused_peer_that_stays_is_dropped(own_server: Server) -> None:
    before = own_server.descriptors()
    with own_server.connect() as peer:
        peer.send(b"bad\r\n\r\n")
        assert peer.rest().startswith(b"HTTP/1.1 400 ")
        eventually(lambda: own_server.descriptors() <= before, "lingering has an end")
    with own_server.connect() as peer:
        assert peer.ask()
