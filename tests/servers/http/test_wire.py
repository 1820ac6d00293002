"""What every variant sends for what it gets: requests cut, joined, with bodies; persistence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.peer import CLOSING, GET, GET_CLOSE, GET_OLD, HOWTO, KEPT_ALIVE, PERSISTENT

if TYPE_CHECKING:
    from tests.support.server_process import Server


def old(connection: bytes) -> bytes:
    return b"GET / HTTP/1.0\r\nConnection: " + connection + b"\r\n\r\n"


def new(connection: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: " + connection + b"\r\n\r\n"


def test_howto_request_gets_howto_response_and_close(server: Server) -> None:
    with server.connect() as peer:
        peer.send(GET_OLD)
        assert peer.rest() == HOWTO


def test_bare_line_feeds(server: Server) -> None:
    with server.connect() as peer:
        assert peer.ask(b"GET / HTTP/1.1\nHost: lab\n\n")
        peer.send(b"GET / HTTP/1.0\n\n")
        assert peer.rest() == HOWTO


@pytest.mark.parametrize("option", [b"close", b"Close", b"x-y, CLOSE", b"keep-alive, close"])
def test_close_is_obeyed_and_said(server: Server, option: bytes) -> None:
    with server.connect() as peer:
        assert peer.ask()
        peer.send(new(option))
        assert peer.rest() == CLOSING


def test_persistence(server: Server) -> None:
    with server.connect() as peer:
        assert peer.ask()
        assert peer.ask(new(b"keep-alive"))
        assert peer.ask(old(b"Keep-Alive"), KEPT_ALIVE)
        assert peer.ask()
        peer.send(old(b"close"))
        assert peer.rest() == HOWTO


def test_byte_by_byte(server: Server) -> None:
    with server.connect() as peer:
        for byte in GET + GET_CLOSE:
            peer.send(bytes([byte]))
        assert peer.rest() == PERSISTENT + CLOSING


def test_cut_anywhere(server: Server) -> None:
    stream = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc\r\n" + GET
    with server.connect() as peer:
        for place in range(1, len(stream)):
            peer.send(stream[:place])
            peer.send(stream[place:])
            assert peer.take(2 * len(PERSISTENT)) == 2 * PERSISTENT


def test_pipelined_in_order(server: Server) -> None:
    head = b"HEAD / HTTP/1.1\r\n\r\n"
    without_body = PERSISTENT.removesuffix(b"Hello, world!")
    with server.connect() as peer:
        peer.send(GET + head + GET + old(b"keep-alive") + GET_CLOSE + GET)
        expected = PERSISTENT + without_body + PERSISTENT + KEPT_ALIVE + CLOSING
        assert peer.rest() == expected


def test_many_pipelined(server: Server) -> None:
    with server.connect() as peer:
        peer.send(GET * 1000 + GET_CLOSE)
        assert peer.rest() == PERSISTENT * 1000 + CLOSING


def test_body_longer_than_any_buffer(server: Server) -> None:
    size = 1_000_000
    with server.connect() as peer:
        peer.send(b"PUT / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size + b"G" * size)
        assert peer.take(len(PERSISTENT)) == PERSISTENT
        assert peer.ask()


def test_peer_that_expects_a_word_before_its_body_gets_it(server: Server) -> None:
    head = b"POST / HTTP/1.%d\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n"
    with server.connect() as peer:
        assert peer.ask(head % 1, b"HTTP/1.1 100 Continue\r\n\r\n")
        assert peer.ask(b"abc")
        assert peer.ask(GET + head % 1 + b"abc", PERSISTENT + b"HTTP/1.1 100 Continue\r\n\r\n")
        assert peer.take(len(PERSISTENT)) == PERSISTENT
        assert peer.ask(head % 0 + b"abc", HOWTO)


def test_refused_head_has_no_body(server: Server) -> None:
    with server.connect() as peer:
        peer.send(b"HEAD / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert peer.rest().endswith(b"Connection: close\r\n\r\n")


def test_half_close_is_answered_then_closed(server: Server) -> None:
    with server.connect() as peer:
        peer.send(GET * 3)
        peer.end_input()
        assert peer.rest() == PERSISTENT * 3


def test_half_close_inside_a_request(server: Server) -> None:
    with server.connect() as peer:
        peer.send(GET + GET[:-1])
        peer.end_input()
        assert peer.rest() == PERSISTENT


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\n\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
        (b"GET / HTTP/3.0\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nCookie: " + b"x" * 200_000, 431),
    ],
    ids=["nonsense", "TLS", "negative length", "chunked", "HTTP/3", "endless head"],
)
def test_refused_and_closed_without_losing_the_answer(
    server: Server, request_bytes: bytes, status: int
) -> None:
    with server.connect() as peer:
        peer.send(GET + request_bytes)
        peer.end_input()
        answer = peer.rest().removeprefix(PERSISTENT)
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert b"\r\nConnection: close\r\n" in answer
        assert answer.count(b"HTTP/1.1") == 1
