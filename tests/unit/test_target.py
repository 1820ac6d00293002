"""Verification before load: the exact bytes are learned, a wrong answer is refused."""

from __future__ import annotations

import email.utils
import itertools
import socket
from collections.abc import Callable, Iterator

import pytest

from loadgen import target
from loadgen.target import (
    CLOSING_REQUEST,
    KEEP_ALIVE_REQUEST,
    Expected,
    VerificationError,
    learn,
)
from tests.unit.loopback import RESPONSE, answer_for_ever, answer_once, serving, unused_address


@pytest.mark.parametrize("request_", [KEEP_ALIVE_REQUEST, CLOSING_REQUEST])
def test_learns_the_whole_response(request_: bytes) -> None:
    handle = answer_for_ever if request_ is KEEP_ALIVE_REQUEST else answer_once
    with serving(handle) as address:
        assert learn(address, request_).response == RESPONSE


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "expected status 200"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "expected the body"),
        (b"HTTP/1.1 200 OK\r\n\r\nHello, world!", "no Content-Length"),
        (b"", "expected status 200"),
    ],
)
def test_a_wrong_answer_is_refused(response: bytes, reason: str) -> None:
    def answer(connection: socket.socket, _number: int) -> None:
        connection.recv(4_096)
        connection.sendall(response)
        connection.close()

    with serving(answer) as address, pytest.raises(VerificationError, match=reason):
        learn(address, KEEP_ALIVE_REQUEST)


def replying(
    make: Callable[[int], bytes], *, stays: bool = True
) -> Callable[[socket.socket, int], None]:
    """A handler that sends `make(n)` for the n-th request, counted over all connections."""
    numbers: Iterator[int] = itertools.count()

    def answer(connection: socket.socket, _number: int) -> None:
        while connection.recv(4_096):
            connection.sendall(make(next(numbers)))
            if not stays:
                connection.close()
                return

    return answer


def with_head(*lines: bytes, body: bytes = b"hi") -> bytes:
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join([b"HTTP/1.1 201 Made", *lines, length]) + b"\r\n\r\n" + body


def now(offset: int) -> bytes:
    return email.utils.formatdate(1_800_000_000 + offset, usegmt=True).encode()


ANY = Expected(status=201, body=None)


def test_a_header_that_changes_may_change_and_nothing_else() -> None:
    with serving(replying(lambda n: with_head(b"Date: " + now(n), b"Server: s"))) as address:
        exchange = learn(address, KEEP_ALIVE_REQUEST, ANY)
    assert exchange.response == with_head(b"Date: " + now(1), b"Server: s")
    later = with_head(b"Date: " + now(59), b"Server: s")
    fresh = exchange.renewed(later)
    assert fresh is not None
    assert fresh.response == later
    assert exchange.renewed(later[30:50], 30) is not None
    for wrong in (
        with_head(b"Date: " + now(59), b"Server: x"),
        with_head(b"Date: " + now(59), b"Server: s", body=b"ho"),
        later + b"!",
        later.replace(b"201 Made", b"500 Oops"),
    ):
        assert exchange.renewed(wrong) is None


def test_a_date_of_now_will_change_and_one_of_1996_never() -> None:
    date = email.utils.formatdate(usegmt=True).encode()
    with serving(replying(lambda _: with_head(b"Date: " + date))) as address:
        (place,) = learn(address, KEEP_ALIVE_REQUEST, ANY).varying
    assert with_head(b"Date: " + date)[slice(*place)].strip() == date
    old = b"Date: Mon, 1 Jan 1996 01:01:01 GMT"
    with serving(replying(lambda _: with_head(old))) as address:
        assert learn(address, KEEP_ALIVE_REQUEST, ANY).varying == ()


def test_a_body_in_chunks_is_compared_as_a_whole() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    raw = head + b"5\r\nHello\r\n8\r\n, world!\r\n0\r\n\r\n"
    with serving(replying(lambda _: raw)) as address:
        assert learn(address, KEEP_ALIVE_REQUEST).response == raw


@pytest.mark.parametrize(
    ("request_", "make", "stays", "reason"),
    [
        (KEEP_ALIVE_REQUEST, lambda _: with_head(), False, "only `load: connection_per_request`"),
        (KEEP_ALIVE_REQUEST, lambda n: with_head(body=b"%d" % n), True, "two answers"),
        (KEEP_ALIVE_REQUEST, lambda n: with_head(b"N: %d" % 10**n), True, "two answers"),
        (KEEP_ALIVE_REQUEST, lambda n: with_head(b"%d: N" % n), True, "two answers"),
        (KEEP_ALIVE_REQUEST, lambda _: with_head()[:-1], False, "cut short"),
    ],
)
def test_a_server_that_cannot_be_compared_is_refused(
    request_: bytes, make: Callable[[int], bytes], stays: bool, reason: str
) -> None:
    with serving(replying(make, stays=stays)) as address, pytest.raises(VerificationError) as no:
        learn(address, request_, ANY)
    assert reason in str(no.value)


def test_a_server_that_never_listens_is_given_up() -> None:
    address = unused_address()
    with pytest.raises(VerificationError, match="no response from 127"):
        learn(address, KEEP_ALIVE_REQUEST, Expected(listen_s=0.1))


def test_a_server_that_keeps_what_it_should_close_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(target, "TIMEOUT_S", 3.0)
    with (
        serving(replying(lambda _: with_head())) as address,
        pytest.raises(VerificationError, match="does not close"),
    ):
        learn(address, CLOSING_REQUEST, ANY)
