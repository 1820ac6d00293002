"""What is special to each of the architectures over one epoll in one thread."""

from __future__ import annotations

import contextlib
import signal
import socket
import struct
import threading
from typing import TYPE_CHECKING

import pytest

from servers.readiness.edge import READY, WRITABLE
from servers.variants.epoll_edge import EdgeReadiness
from servers.variants.epoll_oneshot import OneshotReadiness
from tests.support.peer import GET, PATIENCE_S, PERSISTENT
from tests.support.server_process import eventually, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.peer import Peer
    from tests.support.server_process import Server

FAMILY = [
    *("epoll_level", "epoll_edge", "epoll_oneshot", "epoll_cork", "epoll_nodelay"),
    "generators",
]
MORE_THAN_A_TURN = 50
SEGMENTS_IN = struct.Struct("=152xI")  # tcpi_data_segs_in of struct tcp_info (linux/tcp.h)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected sockets."""
    one, other = socket.socketpair()
    with one, other:
        yield one, other


@contextlib.contextmanager
def frozen(server: Server) -> Iterator[None]:
    """Have a server see at once, afterwards, all that happens meanwhile."""
    server.process.send_signal(signal.SIGSTOP)
    eventually(lambda: server.states() == {"T"}, "the server is stopped")
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("name", FAMILY)
def test_all_that_wait_at_once_are_accepted(name: str) -> None:
    with running(name, "--accepts-per-wakeup", "3") as server, contextlib.ExitStack() as stack:
        with frozen(server):
            peers = [stack.enter_context(server.connect()) for _ in range(MORE_THAN_A_TURN)]
        assert all(peer.ask() for peer in peers)


@pytest.mark.parametrize("name", FAMILY)
def test_end_that_comes_with_the_last_bytes_is_seen(name: str) -> None:
    with running(name) as server, server.connect() as peer:
        assert peer.ask()
        with frozen(server):
            peer.send(GET)
            peer.end_input()
        assert peer.rest() == PERSISTENT


@pytest.mark.parametrize("name", FAMILY)
def test_read_that_ends_with_a_request_may_not_be_the_last(name: str) -> None:
    with running(name, "--recv-bytes", str(len(GET))) as server, server.connect() as peer:
        peer.send(GET * 3)
        assert peer.take(3 * len(PERSISTENT)) == 3 * PERSISTENT


def flood(peer: Peer, stop: threading.Event) -> None:
    """Send without end: faster than a server can read that reads byte by byte."""
    peer.send(b"PUT / HTTP/1.1\r\nContent-Length: 1000000000000\r\n\r\n")
    block = bytes(65_536)
    with contextlib.suppress(TimeoutError):
        while not stop.is_set():
            peer.socket.send(block)


@pytest.mark.parametrize("name", FAMILY)
def test_one_that_sends_without_end_takes_its_turn(name: str) -> None:
    stop = threading.Event()
    with (
        running(name, "--recv-bytes", "1") as server,
        server.connect() as greedy,
        server.connect() as other,
    ):
        greedy.socket.settimeout(0.1)
        sender = threading.Thread(target=flood, args=(greedy, stop))
        sender.start()
        try:
            for _ in range(20):
                assert other.ask()
            with server.connect() as newcomer:
                assert newcomer.ask()
        finally:
            stop.set()
            sender.join()


@pytest.mark.parametrize("name", [*FAMILY, "poll", "select"])
def test_connection_that_comes_with_the_signal_does_no_harm(name: str) -> None:
    with running(name) as server, contextlib.ExitStack() as stack:
        with frozen(server):
            server.process.send_signal(signal.SIGTERM)
            stack.enter_context(server.connect())
        assert server.process.wait(PATIENCE_S) == 0


def test_edge_tells_of_each_change_once(pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    readiness = EdgeReadiness()
    readiness.watch(near.fileno())
    assert list(readiness.wait(0)) == [(near.fileno(), WRITABLE)]
    far.send(b"unread")
    assert list(readiness.wait(1)) == [(near.fileno(), READY)]
    assert list(readiness.wait(0)) == []
    far.close()
    ((_, events),) = readiness.wait(1)
    assert events & READY == READY
    assert events != READY


def test_oneshot_is_silent_during_its_turn_and_armed_after_it(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    near, far = pair
    readiness = OneshotReadiness()
    readiness.watch(near.fileno())
    far.send(b"unread")
    turns = 0
    for fd, _ in readiness.wait(1):
        turns += 1
        assert fd == near.fileno()
        far.send(b"and more")
        assert list(readiness.wait(0)) == []
    assert turns == 1
    assert [fd for fd, _ in readiness.wait(1)] == [near.fileno()]


def test_oneshot_changes_its_mind_in_its_turn(pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    readiness = OneshotReadiness()
    readiness.watch(near.fileno())
    far.send(b"unread")
    for fd, _ in readiness.wait(1):
        readiness.watch_output(fd)
    for fd, events in readiness.wait(1):
        assert events == WRITABLE
        readiness.watch_input(fd)
    ((_, events),) = readiness.wait(1)
    assert events == READY & ~WRITABLE


def test_oneshot_does_not_arm_what_was_closed(pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    readiness = OneshotReadiness()
    readiness.watch(near.fileno())
    far.send(b"unread")
    for fd, _ in readiness.wait(1):
        readiness.close(fd)
        near.detach()
    assert list(readiness.wait(0)) == []


def segments_for(name: str, requests: int) -> int:
    """Return how many segments bring the responses to requests sent at once, in split writes."""
    with running(name, "--split-writes", "on") as server, server.connect() as peer:
        peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)  # acknowledge late
        peer.send(GET * requests)
        assert peer.take(requests * len(PERSISTENT)) == requests * PERSISTENT
        info = peer.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, SEGMENTS_IN.size)
        return int(SEGMENTS_IN.unpack(info)[0])


def test_cork_and_nodelay_are_seen_on_the_wire() -> None:
    requests = 4
    # A server that stalls for 200 ms is uncorked by the kernel; a client that does is sent the
    # last segment again.
    assert min(segments_for("epoll_cork", requests) for _ in range(3)) == 1
    assert segments_for("epoll_nodelay", requests) >= 2 * requests
    assert 1 < segments_for("epoll_level", requests) < 2 * requests
