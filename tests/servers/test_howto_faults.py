"""The known faults of the HOWTO's listings, one test each: no variant may share them."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from tests.support.peer import GET, Peer
from tests.support.server_process import concurrent, eventually

if TYPE_CHECKING:
    from tests.support.server_process import Server

LOOKS = 20
ENDLESS_BYTES = 48_000_000
MOST_GROWTH_BYTES = 4_000_000


def is_quiet(server: Server) -> bool:
    """Whether the server sleeps most of the times that it is looked at."""
    states = []
    for _ in range(LOOKS):
        states.append(server.states())
        time.sleep(0.01)
    return states.count({"S"}) > LOOKS // 2


def leave_early(server: Server, sent: bytes) -> None:
    with server.connect() as peer:
        peer.send(sent)


def test_example_2_and_3_loop_does_not_spin_on_a_peer_that_closes_early(
    own_server: Server,
) -> None:
    before = own_server.descriptors()
    leave_early(own_server, GET[:-1])
    leave_early(own_server, b"")
    eventually(lambda: own_server.descriptors() <= before, "its descriptor is closed")
    eventually(lambda: is_quiet(own_server), "the server waits, and does not spin")


def test_example_3_loop_does_not_spin_on_a_half_closed_connection(own_server: Server) -> None:
    with own_server.connect() as peer:
        peer.send(GET[:-1])
        peer.end_input()
        assert peer.rest() == b""
        eventually(lambda: is_quiet(own_server), "the server waits, and does not spin")
        with own_server.connect() as other:
            assert other.ask()


@concurrent
def test_example_4_read_loop_ends_with_its_input(own_server: Server) -> None:
    with own_server.connect() as other:
        assert other.ask()
        leave_early(own_server, GET[:-1])
        leave_early(own_server, GET * 50 + GET[:-1])
        assert other.ask(), "the loop has come back to the other connections"
    eventually(lambda: is_quiet(own_server), "the server waits, and does not spin")


def test_request_without_end_is_not_kept_in_memory(own_server: Server) -> None:
    with own_server.connect() as peer:
        assert peer.ask()
        before = own_server.memory_bytes()
        peer.send(b"GET / HTTP/1.1\r\nCookie: ")
        send_until_refused(peer)
        assert own_server.memory_bytes() - before < MOST_GROWTH_BYTES
    with own_server.connect() as other:
        assert other.ask()


def send_until_refused(peer: Peer) -> None:
    """Send until the server resets the connection; fail if it takes all that there is."""
    block = b"x" * 65_536
    with contextlib.suppress(ConnectionError):
        for _ in range(ENDLESS_BYTES // len(block)):
            peer.send(block)
        raise AssertionError(f"the server has read {ENDLESS_BYTES} bytes of one request")


def test_reset_peer_does_not_end_the_server(own_server: Server) -> None:
    for sent in (b"", GET[:-1], GET, GET * 2_000):
        peer = own_server.connect()
        peer.send(sent)
        peer.reset()
        with own_server.connect() as other:
            assert other.ask()
    assert own_server.process.poll() is None
    assert own_server.log() == []
