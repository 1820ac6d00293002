"""Verification before load: what is learnt of a server, how strictly, and what is refused."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from contract.expected import ANY, CHECKS, CONTAINS, EXACT, FRAMING, Expected
from loadgen.answers.meaning import Meaning
from loadgen.verification import verify
from loadgen.verification.errors import OldVersionError, VerificationError
from loadgen.verification.verify import (
    KEEP_ALIVE_REQUEST,
    Terms,
    closing_request,
    learn,
    learn_all,
)
from tests.support.loopback import (
    RESPONSE,
    answer_for_ever,
    answer_once,
    replying,
    serving,
    with_head,
)
from tests.support.terms import AT_ONCE, OURS, terms

CLOSING_REQUEST = closing_request()
NEW_CLOSING_REQUEST = closing_request(old=False)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("request_", [KEEP_ALIVE_REQUEST, CLOSING_REQUEST, NEW_CLOSING_REQUEST])
def test_learns_the_whole_response(request_: bytes, check: str) -> None:
    handle = answer_for_ever if request_ is KEEP_ALIVE_REQUEST else answer_once
    with serving(handle) as address:
        exchange = learn(address, request_, Terms(check=check))
    assert (exchange.request, exchange.response) == (request_, RESPONSE)
    assert (exchange.meaning is None) == (check != FRAMING), "auto is the strictest"
    assert exchange.round_trip_us is not None, "the kernel timed the handshake"
    assert 0 < exchange.round_trip_us < 1_000_000


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "expected status 200, received b'HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "expected the body b'Hello, world!'"),
        (b"HTTP/1.1 200 OK\r\n\r\nHello, world!", "no Content-Length and ends with its connection"),
        (b"", "closed the connection without a response"),
        (RESPONSE[:-1], "the response was cut short: b'HTTP/1.1 200 OK"),
        (RESPONSE + RESPONSE, "52 bytes came after the end of the response: b'HTTP/1.1"),
        (RESPONSE + b"!", "1 bytes came after the end of the response: b'!'"),
        (RESPONSE, "the server closes the connection after a response"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "expected a response of HTTP/1, received b'SSH-2.0"),
        (b"\x15\x03\x03\x00\x02\x02\x46", "the server speaks TLS, and the lab asks in plain HTTP"),
        (b"\x16\x03\x01\x00\x02", "the server speaks TLS"),
        (b"\x15\x04\x03\x00\x02", "expected a response of HTTP/1, received b'\\x15\\x04"),
    ],
)
@pytest.mark.parametrize("check", CHECKS)
def test_a_wrong_answer_is_refused(response: bytes, reason: str, check: str) -> None:
    def answer(connection: socket.socket, _number: int) -> None:
        connection.recv(4_096)
        connection.sendall(response)
        connection.close()

    with serving(answer) as address, pytest.raises(VerificationError) as no:
        learn(address, KEEP_ALIVE_REQUEST, Terms(check=check, ready=AT_ONCE))
    assert reason in str(no.value)


@pytest.mark.parametrize(
    ("status", "hinted"), [(400, True), (403, True), (421, True), (401, False), (404, False)]
)
def test_who_may_not_know_the_host_is_told_how_to_name_another(status: int, hinted: bool) -> None:
    response = b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status
    with serving(replying(lambda _: response)) as address, pytest.raises(VerificationError) as no:
        learn(address, KEEP_ALIVE_REQUEST, OURS)
    assert f"expected status 200, received b'HTTP/1.1 {status} No'" in str(no.value)
    assert ("`headers` of the key `request` can name one" in str(no.value)) == hinted
    assert ("answer 400 to plain HTTP" in str(no.value)) == (status == 400)


@pytest.mark.parametrize(
    ("status", "location", "hint"),
    [
        (301, "/app/?a=1#top", "it redirects to '/app/?a=1#top', which `path: /app/?a=1` asks for"),
        (302, "http://c10k-lab:8000/app/", ", which `path: /app/` asks for"),
        (308, "https://c10k-lab/", "and the lab does not speak TLS"),
        (301, "http://shop.example/app/", "it redirects to 'http://shop.example/app/'"),
        (302, "/a,b", "it redirects to '/a,b'"),
        (302, "//[", "it redirects to '//['"),
        (302, "", ""),
        (304, "/app/", ""),
        (401, "", "it wants to know who asks: `request: {headers: {Authorization: ...}}` can"),
        (402, "", ""),
        (429, "", "with `expect: {status: [200, 429]}`"),
    ],
)
def test_a_status_is_told_with_what_to_do(status: int, location: str, hint: str) -> None:
    more = f"Location: {location}\r\n" if location else ""
    response = f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n{more}\r\n".encode()
    with serving(replying(lambda _: response)) as address, pytest.raises(VerificationError) as no:
        learn(address, KEEP_ALIVE_REQUEST, OURS)
    told, _, hinted = str(no.value).partition("; ")
    assert told.endswith(f"received b'HTTP/1.1 {status} No'")
    assert hint in hinted
    assert bool(hint) == bool(hinted)
    assert ("`path:" in hint) == ("`path:" in hinted)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: with_head(body=b"%d" % n),
        lambda n: with_head(body=b"%d" % 10**n),
        lambda n: with_head(b"N: %d" % n),
        lambda n: with_head(b"N: %d" % 10**n),
        lambda n: with_head(b"%d: N" % n),
        lambda n: with_head(*[b"N: 1"] * n),
        lambda n: (
            b"HTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\n\r\n"
            + [b"2\r\nhi\r\n", b"1\r\nh\r\n1\r\ni\r\n"][n % 2]
            + b"0\r\n\r\n"
        ),
    ],
    ids=["body", "length", "value", "longer_value", "name", "lines", "chunks"],
)
def test_answers_that_differ_are_checked_by_their_framing(make: Callable[[int], bytes]) -> None:
    with serving(replying(make)) as address:
        exchange = learn(address, KEEP_ALIVE_REQUEST, terms())
        constant = exchange.response.endswith((b"hi", b"0\r\n\r\n"))
        expected = Expected(statuses=(201,))
        assert exchange.meaning == Meaning(expected, b"hi" if constant else None)
    with serving(replying(make)) as address, pytest.raises(VerificationError) as no:
        learn(address, KEEP_ALIVE_REQUEST, terms(EXACT))
    assert "two answers to the same request differ" in str(no.value)
    assert "with `check: exact` every byte is compared" in str(no.value)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("request_", [KEEP_ALIVE_REQUEST, NEW_CLOSING_REQUEST])
def test_a_first_answer_that_differs_is_thrown_away(check: str, request_: bytes) -> None:
    def cache(n: int) -> bytes:
        return with_head(b"X-Cache: " + (b"HIT" if n else b"MISS"))

    stays = request_ is KEEP_ALIVE_REQUEST
    with serving(replying(cache, stays=stays)) as address:
        exchange = learn(address, request_, terms(check))
    assert exchange.response == cache(1)
    assert (exchange.meaning is None) == (check != FRAMING)


def test_what_changes_once_a_second_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [100]
    monkeypatch.setattr(verify, "next_second", lambda _: seconds.append(seconds[-1] + 1))
    for make, meaning in (
        (lambda _: with_head(body=b"at %d" % seconds[-1]), Meaning(Expected(statuses=(201,)))),
        (
            lambda n: with_head(b"N: %d" % n, body=b"at %d" % seconds[-1]),
            Meaning(Expected(statuses=(201,))),
        ),
        (lambda _: with_head(b"Age: %d" % seconds[-1]), Meaning(Expected(statuses=(201,)), b"hi")),
    ):
        with serving(replying(make)) as address:
            assert learn(address, KEEP_ALIVE_REQUEST, terms()).meaning == meaning
    assert len(seconds) == 4
    with serving(replying(lambda n: with_head(body=b"%d" % n))) as address:
        learn(address, KEEP_ALIVE_REQUEST, terms())
        learn(address, KEEP_ALIVE_REQUEST, terms(FRAMING, body_is=ANY))
    with serving(answer_for_ever) as address:
        learn(address, KEEP_ALIVE_REQUEST, OURS)
    assert len(seconds) == 4, "nothing is waited for where all differs, or must not"


def test_what_another_process_answers_is_found() -> None:
    def by_process(connection: socket.socket, number: int) -> None:
        while connection.recv(4_096):
            connection.sendall(with_head(b"X-Worker: %d" % (number % 4 == 0)))

    with serving(by_process) as address:
        assert learn(address, KEEP_ALIVE_REQUEST, terms()).meaning is not None


def test_several_paths_wait_for_the_next_second_together(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[int] = []
    monkeypatch.setattr(verify, "next_second", waits.append)
    with serving(answer_for_ever) as address:
        exchanges = learn_all(address, [KEEP_ALIVE_REQUEST] * 3, Terms())
    assert [one.response for one in exchanges] == [RESPONSE] * 3
    assert len(waits) == 1


@pytest.mark.parametrize(
    ("expected", "answer", "reason"),
    [
        ({"body": "ell", "body_is": CONTAINS}, with_head(body=b"hello"), ""),
        ({"body": "ell", "body_is": CONTAINS}, with_head(body=b"help"), "contains 'ell'"),
        ({"headers": (("x-a", "1"),)}, with_head(b"X-A: 1"), ""),
        ({"headers": (("x-a", "1"),)}, with_head(b"X-A: 2"), "the header 'x-a: 1', received '2'"),
        ({"headers": (("x-a", ""),)}, with_head(b"X-B: 2"), "the header 'x-a', received ''"),
    ],
)
@pytest.mark.parametrize("check", CHECKS)
def test_what_is_expected_is_checked_before_any_load(
    expected: dict[str, Any], answer: bytes, reason: str, check: str
) -> None:
    with serving(replying(lambda _: answer)) as address:
        if not reason:
            assert learn(address, KEEP_ALIVE_REQUEST, terms(check, **expected)).response == answer
            return
        with pytest.raises(VerificationError) as no:
            learn(address, KEEP_ALIVE_REQUEST, terms(check, **expected))
    assert reason in str(no.value)


def test_a_body_that_ends_with_the_connection_is_learnt_where_the_server_has_to_close() -> None:
    def until_close(n: int) -> bytes:
        return b"HTTP/1.0 201 Made\r\n\r\ntick %d" % n

    for request_ in (CLOSING_REQUEST, NEW_CLOSING_REQUEST):
        with serving(replying(until_close, stays=False)) as address:
            exchange = learn(address, request_, terms())
        assert exchange.meaning == Meaning(Expected(statuses=(201,)))
        assert exchange.response.startswith(b"HTTP/1.0 201 Made\r\n\r\ntick")


@pytest.mark.parametrize("status", [426, 505])
def test_a_server_without_the_old_version_is_told_from_one_that_answers_so(status: int) -> None:
    answer = b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status
    with serving(replying(lambda _: answer, stays=False)) as address:
        with pytest.raises(OldVersionError):
            learn(address, CLOSING_REQUEST, OURS)
        with pytest.raises(VerificationError) as no:
            learn(address, NEW_CLOSING_REQUEST, OURS)
        assert not isinstance(no.value, OldVersionError)
        asked = Terms(expected=Expected(statuses=(status,)), check=EXACT)
        assert learn(address, CLOSING_REQUEST, asked).response == answer


def test_an_answer_that_comes_unasked_is_a_reason_under_each_way_of_asking() -> None:
    def twice(connection: socket.socket, _number: int) -> None:
        while connection.recv(4_096):
            connection.sendall(RESPONSE)
            time.sleep(0.001)
            connection.sendall(RESPONSE)

    for request_ in (KEEP_ALIVE_REQUEST, CLOSING_REQUEST):
        for check in CHECKS:
            with serving(twice) as address, pytest.raises(VerificationError) as no:
                learn(address, request_, Terms(check=check))
            told = str(no.value)
            assert "sent what nobody had asked for" in told or "after the end" in told
