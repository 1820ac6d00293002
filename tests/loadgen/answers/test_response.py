"""Framing of a response: whole, not yet whole, or a reason, however it is cut into pieces."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.answers.response import Response
from loadgen.answers.wrong import FramingError
from tests.support.loopback import RESPONSE, with_head
from tests.support.made_up_answers import ANSWERS

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nServer: s\r\n\r\n"


def fed(data: bytes, *, bodiless: bool = False) -> tuple[Response, bytes]:
    """A response that is fed with all of it, and what it left."""
    response = Response(bodiless=bodiless)
    return response, data[response.feed(data) :]


def in_pieces(data: bytes, size: int) -> None:
    response = Response()
    for at in range(0, len(data), size):
        assert response.feed(data[at : at + size]) == len(data[at : at + size])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nhi",
            "the Transfer-Encoding b'identity', not chunked",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "the Transfer-Encoding b'gzip, chunked', not chunked",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            "a Transfer-Encoding and a Content-Length as well",
        ),
        (CHUNKED + b"five\r\nHello\r\n0\r\n\r\n", "b'five' is no size of a chunk"),
        (CHUNKED + b"-5\r\nHello\r\n0\r\n\r\n", "b'-5' is no size of a chunk"),
        (CHUNKED + b"0x5\r\nHello\r\n0\r\n\r\n", "b'0x5' is no size of a chunk"),
        (CHUNKED + b"4\r\nHello\r\n0\r\n\r\n", "not end where its size says: b'o"),
        (CHUNKED + b"f" * 15 + b"\r\n", "longer than 268,435,456 bytes"),
        (CHUNKED + b"1" * 5_000, "no size of a chunk: b'1111"),
        (CHUNKED + b"0\r\n" + b"t: 1\r\n" * 12_000, "no end of its trailers"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
            "the Content-Length b'9999",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n",
            "999,999,999,999 bytes long; at most 268,435,456",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
            "the Content-Length b'2, 3', which is no number",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nhi", "b'-2', which is no number"),
        (b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", "b'no header' is no header of a response"),
        (b"HTTP/1.1 200 OK\r\nSpaced : x\r\n\r\n", "b'Spaced : x' is no header"),
        (b"HTTP/1.1 200 OK\r\nA: b\nContent-Length: 0\r\n\r\n", "is no header of a response"),
        (b"HTTP/1.1 " + b"2" * 5_000 + b" OK\r\n\r\n", "expected a response of HTTP/1, received"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "expected a response of HTTP/1, received b'S"),
        (b"x", "expected a response of HTTP/1, received b'x'"),
        (b"HTTP/2 200\r\n\r\n", "expected a response of HTTP/1, received b'HTTP/2"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000, "no end of its head"),
    ],
    ids=lambda given: given if isinstance(given, str) else "answer",
)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_an_answer_that_cannot_be_framed_is_a_reason(answer: bytes, reason: str, size: int) -> None:
    with pytest.raises(FramingError) as no:
        in_pieces(answer, size)
    assert reason in str(no.value)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (RESPONSE, b"Hello, world!"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", b""),
        (b"HTTP/1.0 200\r\nCONTENT-LENGTH: 2 \r\n\r\nhi", b"hi"),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + RESPONSE,
            b"Hello, world!",
        ),
        (CHUNKED + b"5;x=1\r\nHello\r\n8\r\n, world!\r\n0\r\nT: 1\r\n\r\n", b"Hello, world!"),
        (CHUNKED + b"0\r\n\r\n", b""),
    ],
)
@pytest.mark.parametrize("after", [b"", b"H", RESPONSE])
def test_a_response_ends_where_its_framing_says(answer: bytes, body: bytes, after: bytes) -> None:
    response, left = fed(answer + after)
    assert (response.whole, response.body, left) == (True, body, after)
    response.end()


def test_the_answer_to_a_head_has_no_body_whatever_it_says_of_one() -> None:
    for head in (CHUNKED, b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n", UNTIL_CLOSE):
        response, left = fed(head + b"HTTP", bodiless=True)
        assert (response.whole, response.body, left) == (True, b"", b"HTTP")


def test_a_body_without_a_length_ends_with_the_connection_and_no_other_does() -> None:
    response, left = fed(UNTIL_CLOSE + b"some text")
    assert (response.whole, response.ends_with_connection, left) == (False, True, b"")
    response.end()
    assert (response.whole, response.body) == (True, b"some text")
    for short in (b"", RESPONSE[:-1], UNTIL_CLOSE[:-1], CHUNKED + b"5\r\nHello\r\n"):
        response, _ = fed(short)
        with pytest.raises(FramingError, match="ended inside a response"):
            response.end()


def test_a_large_answer_is_looked_at_once() -> None:
    """Each byte is taken a bounded number of times, however small the pieces."""
    body = bytes(range(256)) * 4_096
    response, pieces = Response(), with_head(body=body)
    for at in range(0, len(pieces), 100):
        response.feed(pieces[at : at + 100])
    assert response.whole
    assert response.body == body


def test_a_body_that_is_not_kept_is_framed_all_the_same() -> None:
    response = Response(keeps_body=False)
    assert response.feed(RESPONSE + b"x") == len(RESPONSE)
    assert (response.whole, response.body) == (True, b"")


Outcome = tuple[bool, bytes, bytes] | None


def outcome(answer: bytes, sizes: Iterator[int], *, bodiless: bool, ends: bool) -> Outcome:
    """Whether it is whole, its body, and what is left; None for a reason."""
    response, at = Response(bodiless=bodiless), 0
    try:
        while at < len(answer) and not response.whole:
            piece = answer[at : at + next(sizes)]
            at += response.feed(piece)
        if ends:
            response.end()
    except FramingError:
        return None
    return response.whole, response.body, answer[at:]


@given(ANSWERS, st.lists(st.integers(1, 40), min_size=1, max_size=10), st.booleans(), st.booleans())
def test_whatever_comes_is_whole_or_not_yet_or_a_reason(
    answer: bytes, cuts: list[int], bodiless: bool, ends: bool
) -> None:
    whole = outcome(answer, itertools.repeat(len(answer)), bodiless=bodiless, ends=ends)
    parts = outcome(answer, itertools.cycle(cuts), bodiless=bodiless, ends=ends)
    assert whole == parts, "it depends on the bytes, not on the pieces"
