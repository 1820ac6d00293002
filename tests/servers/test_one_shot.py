"""The server that ends after one connection: what the others are asked, with a server for each."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from servers.http.response import PATTERN
from tests.support.peer import BODY, CLOSING, GET, GET_CLOSE, GET_OLD, HOWTO, PATIENCE_S
from tests.support.server_process import eventually, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server_process import Server

NAME = "one_shot"


@pytest.fixture
def one_shot() -> Iterator[Server]:
    with running(NAME) as process:
        yield process


def ended(server: Server) -> bool:
    """Return whether the server ends by itself, well, and with nothing to tell."""
    return server.process.wait(PATIENCE_S) == 0 and server.log() == []


def test_howto_response_then_the_end(one_shot: Server) -> None:
    with one_shot.connect() as peer:
        peer.send(GET_OLD)
        assert peer.rest() == HOWTO
    assert ended(one_shot)
    with pytest.raises(ConnectionRefusedError):
        one_shot.connect()


@pytest.mark.parametrize("request_bytes", [GET, GET_CLOSE, b"\r\n" + GET.replace(b"\r\n", b"\n")])
def test_says_that_it_closes(one_shot: Server, request_bytes: bytes) -> None:
    with one_shot.connect() as peer:
        peer.send(request_bytes)
        assert peer.rest() == CLOSING
    assert ended(one_shot)


@pytest.mark.parametrize("more_bytes", [1, len(GET), 200_000])
def test_answers_the_first_and_does_not_lose_it(one_shot: Server, more_bytes: int) -> None:
    with one_shot.connect() as peer:
        peer.send(GET + (GET * more_bytes)[:more_bytes])
        assert peer.rest() == CLOSING
    assert ended(one_shot)


def test_byte_by_byte_and_a_body(one_shot: Server) -> None:
    with one_shot.connect() as peer:
        for byte in b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc":
            peer.send(bytes([byte]))
        assert peer.rest() == CLOSING
    assert ended(one_shot)


@pytest.mark.parametrize("together", [False, True])
def test_peer_that_expects_a_word_gets_it_and_then_its_response(
    one_shot: Server, together: bool
) -> None:
    head = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    with one_shot.connect() as peer:
        assert peer.ask(head + b"abc" if together else head, b"HTTP/1.1 100 Continue\r\n\r\n")
        if not together:
            peer.send(b"abc")
        assert peer.rest() == CLOSING
    assert ended(one_shot)


def test_half_close_is_answered(one_shot: Server) -> None:
    with one_shot.connect() as peer:
        peer.send(GET)
        peer.end_input()
        assert peer.rest() == CLOSING
    assert ended(one_shot)


@pytest.mark.parametrize("sent", [b"", GET[:9], GET, GET_OLD])
@pytest.mark.parametrize("reset", [False, True])
def test_peer_that_leaves_early_ends_it_well(one_shot: Server, sent: bytes, reset: bool) -> None:
    peer = one_shot.connect()
    peer.send(sent)
    if reset:
        peer.reset()
    else:
        peer.socket.close()
    assert ended(one_shot)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
        (b"GET / HTTP/3.0\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nCookie: " + b"x" * 50_000, 431),
        (b"GET /nothing HTTP/1.1\r\n\r\n", 404),
    ],
    ids=lambda value: str(value)[:20],
)
def test_refusals(one_shot: Server, request_bytes: bytes, status: int) -> None:
    with one_shot.connect() as peer:
        peer.send(request_bytes)
        peer.end_input()
        answer = peer.rest()
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nConnection: close\r\n" in answer
    assert ended(one_shot)


@pytest.mark.parametrize(
    ("target", "body"),
    [
        (b"/db/20", BODY),
        (b"/cpu/2000", BODY),
        (b"/bytes/0", b""),
        (b"/bytes/200000", (PATTERN * 4)[:200_000]),
    ],
    ids=["db", "cpu", "nothing", "long"],
)
@pytest.mark.parametrize("flags", [(), ("--split-writes", "on"), ("--cork", "on")])
def test_paths_and_ways_of_writing(target: bytes, body: bytes, flags: tuple[str, ...]) -> None:
    with running(NAME, *flags) as server, server.connect() as peer:
        peer.send(b"GET " + target + b" HTTP/1.0\r\n\r\n")
        head, _, rest = peer.rest().partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.0 200 OK\r\n")
        assert rest == body
        assert ended(server)


def test_out_of_descriptors_serves_the_one(one_shot: Server) -> None:
    # A sleeping accept() holds a descriptor already; one that has yet to be called gets none.
    eventually(lambda: one_shot.states() == {"S"}, "the server waits in accept()")
    one_shot.allow_descriptors(0)
    with one_shot.connect() as first:
        first.send(GET_OLD)
        assert first.rest() == HOWTO
    assert ended(one_shot)


def test_silent_peer_is_idle() -> None:
    with running(NAME, "--idle-timeout-ms", "200") as server, server.connect() as peer:
        assert peer.rest() == b""
        assert ended(server)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_before_and_during_its_connection(number: signal.Signals) -> None:
    with running(NAME) as server:
        server.process.send_signal(number)
        assert ended(server)
    with running(NAME) as server, server.connect() as peer:
        peer.send(GET[:5])
        eventually(lambda: server.descriptors() > 0, "the server is there")
        server.process.send_signal(number)
        assert ended(server)


def test_response_in_flight_ends_whole() -> None:
    with running(NAME, "--grace-ms", "60000") as server, server.connect(4096) as peer:
        peer.send(b"GET /bytes/16777216 HTTP/1.0\r\n\r\n")
        start = peer.take(100_000)
        server.process.send_signal(signal.SIGTERM)
        peer.widen()
        answer = start + peer.rest()
        assert len(answer) - answer.index(b"\r\n\r\n") - 4 == 16_777_216
        assert ended(server)
