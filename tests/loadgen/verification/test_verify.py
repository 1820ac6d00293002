"""Verification before load: the exact bytes are learned, a wrong answer is refused."""

from __future__ import annotations

import email.utils
import socket
import time
from collections.abc import Callable

import pytest

from loadgen.verification import verify
from loadgen.verification.verify import (
    CLOSING_REQUEST,
    KEEP_ALIVE_REQUEST,
    Expected,
    VerificationError,
    learn,
)
from tests.support.loopback import (
    RESPONSE,
    answer_for_ever,
    answer_once,
    replying,
    serving,
    unused_address,
    with_head,
)


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


def test_an_answer_that_comes_unasked_is_a_reason_under_each_way_of_asking() -> None:
    def twice(connection: socket.socket, _number: int) -> None:
        while connection.recv(4_096):
            connection.sendall(RESPONSE)
            time.sleep(0.001)
            connection.sendall(RESPONSE)

    for request_ in (KEEP_ALIVE_REQUEST, CLOSING_REQUEST):
        with serving(twice) as address, pytest.raises(VerificationError) as no:
            learn(address, request_)
        told = str(no.value)
        assert "sent what nobody had asked for" in told or "after the end of the response" in told


def test_a_server_that_answers_only_once_is_told_from_one_that_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verify, "TIMEOUT_S", 0.3)

    def once(connection: socket.socket, _number: int) -> None:
        connection.recv(4_096)
        connection.sendall(RESPONSE)
        connection.recv(4_096)
        connection.recv(4_096)

    with serving(once) as address, pytest.raises(VerificationError) as no:
        learn(address, KEEP_ALIVE_REQUEST)
    assert str(no.value) == (
        "the server did not answer the second request on a connection within 0.3 s"
    )


def test_an_answer_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "LONGEST_S", 0.3)

    def trickle(connection: socket.socket, _number: int) -> None:
        connection.recv(4_096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            connection.sendall(b"x")
            time.sleep(0.01)

    with serving(trickle) as address, pytest.raises(VerificationError) as no:
        learn(address, KEEP_ALIVE_REQUEST)
    assert str(no.value) == "the response did not end within 0.3 s"


@pytest.mark.parametrize(
    "date",
    [
        b"Sun, 06 Nov 1994 08:49:37 +99999999999999999999",
        b"Sun, 06 Nov 2094 08:49:37 +9999",
        b"Sun, 99 Nov 1994 99:99:99 GMT",
        b"Sun, 06 Nov 99999999999 08:49:37 GMT",
        b"Sun, 06 Nov 0000 08:49:37 GMT",
        b"06" * 5_000,
        b"\xff\xfe",
        b"",
    ],
)
def test_a_date_that_is_none_is_a_fixed_value(date: bytes) -> None:
    with serving(replying(lambda _: with_head(b"Date: " + date))) as address:
        assert learn(address, KEEP_ALIVE_REQUEST, ANY).varying == ()


def test_a_server_that_never_listens_is_given_up() -> None:
    address = unused_address()
    with pytest.raises(VerificationError, match="no response from 127"):
        learn(address, KEEP_ALIVE_REQUEST, Expected(listen_s=0.1))


def test_a_server_that_keeps_what_it_should_close_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verify, "TIMEOUT_S", 3.0)
    with (
        serving(replying(lambda _: with_head())) as address,
        pytest.raises(VerificationError, match="does not close"),
    ):
        learn(address, CLOSING_REQUEST, ANY)
