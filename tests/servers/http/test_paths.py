"""The few paths that every variant answers alike, and what is beyond their limits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from servers.http.response import PATTERN
from tests.support.peer import GET, PERSISTENT, get, response
from tests.support.server_process import concurrent, running

if TYPE_CHECKING:
    from tests.support.server_process import Server


@pytest.mark.parametrize("size", [0, 1, 13, 5_000, 65_536, 65_537, 300_000])
def test_bytes(server: Server, size: int) -> None:
    expected = (PATTERN * (1 + size // len(PATTERN)))[:size]
    with server.connect() as peer:
        peer.send(get(f"/bytes/{size}") + GET)
        assert response(peer) == (200, expected)
        assert peer.take(len(PERSISTENT)) == PERSISTENT


def test_long_and_short_pipelined(server: Server) -> None:
    with server.connect() as peer:
        peer.send(get("/bytes/200000") * 5 + GET + get("/bytes/2") + GET)
        assert [len(response(peer)[1]) for _ in range(8)] == [200_000] * 5 + [13, 2, 13]


def test_head_has_no_body(server: Server) -> None:
    with server.connect() as peer:
        peer.send(b"HEAD /bytes/70000 HTTP/1.1\r\n\r\n" + GET_CLOSE_BYTES)
        answer = peer.rest()
    assert b"Content-Length: 70000\r\n" in answer
    assert len(answer) < 500


GET_CLOSE_BYTES = b"GET / HTTP/1.0\r\n\r\n"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("/bytes/16777217", b"At most 16777216 bytes."),
        ("/cpu/1000001", b"At most 1000000 microseconds."),
        ("/db/10001", b"At most 10000 milliseconds."),
        ("/nothing", b"There are /, /bytes/N"),
        ("/bytes/", b"There are /, /bytes/N"),
        ("/db/x", b"There are /, /bytes/N"),
    ],
)
def test_beyond_the_limits(server: Server, target: str, words: bytes) -> None:
    with server.connect() as peer:
        peer.send(get(target))
        status, body = response(peer)
        assert status == 404
        assert body.startswith(words)
        assert peer.ask()


def test_work_takes_its_time_and_keeps_its_place(server: Server) -> None:
    with server.connect() as peer:
        started = time.monotonic()
        peer.send(GET + get("/db/30") + get("/cpu/20000") + get("/bytes/5"))
        answers = [response(peer) for _ in range(4)]
        assert time.monotonic() - started >= 0.05
    assert [body for _, body in answers] == [b"Hello, world!"] * 3 + [b"01234"]


def test_what_is_ready_does_not_wait_for_the_database(server: Server) -> None:
    def waited_s() -> float:
        with server.connect() as peer:
            started = time.monotonic()
            peer.send(get("/db/0") + GET + get("/db/500"))
            response(peer)
            response(peer)
            waited = time.monotonic() - started
            assert response(peer)[0] == 200
            return waited

    # The machine may stall now and then; one that waits for the query does so each time.
    assert any(waited_s() < 0.4 for _ in range(5))


def test_many_queries_at_once(server: Server) -> None:
    peers = [server.connect() for _ in range(5)]
    for peer in peers:
        peer.send(get("/db/5"))
    for peer in peers:
        assert response(peer) == (200, b"Hello, world!")
        peer.socket.close()


def test_response_bytes(variant: str) -> None:
    with running(variant, "--response-bytes", "100000") as server, server.connect() as peer:
        peer.send(GET)
        assert len(response(peer)[1]) == 100_000


@pytest.mark.parametrize("flags", [("--split-writes", "on"), ("--cork", "on"), ("--nodelay", "on")])
def test_ways_of_writing_send_the_same_bytes(variant: str, flags: tuple[str, str]) -> None:
    with running(variant, *flags, "--split-writes", "on") as server, server.connect() as peer:
        peer.send(GET * 3 + get("/bytes/200000") + GET)
        assert peer.take(3 * len(PERSISTENT)) == 3 * PERSISTENT
        assert len(response(peer)[1]) == 200_000
        assert peer.take(len(PERSISTENT)) == PERSISTENT


@concurrent
def test_one_that_never_reads_holds_up_nobody(own_server: Server) -> None:
    before = own_server.memory_bytes()
    with own_server.connect(4096) as greedy, own_server.connect() as other:
        greedy.send(get("/bytes/16777216") * 100)
        for _ in range(20):
            assert other.ask()
    assert own_server.memory_bytes() < before + 8_000_000
