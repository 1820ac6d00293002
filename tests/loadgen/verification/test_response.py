"""Framing of a response: whole, not yet whole, or a reason, however it is cut into pieces."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.verification import verify
from loadgen.answers.response import FramingError, Response
from loadgen.verification.verify import (
    CLOSING_REQUEST,
    KEEP_ALIVE_REQUEST,
    VerificationError,
    learn,
)
from tests.support.loopback import RESPONSE, replying, serving, with_head

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


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
        (CHUNKED + b"five\r\nHello\r\n0\r\n\r\n", "b'five' is no size of a chunk"),
        (CHUNKED + b"-5\r\nHello\r\n0\r\n\r\n", "b'-5' is no size of a chunk"),
        (CHUNKED + b"0x5\r\nHello\r\n0\r\n\r\n", "b'0x5' is no size of a chunk"),
        (CHUNKED + b"4\r\nHello\r\n0\r\n\r\n", "a chunk of 4 bytes does not end there: b'o"),
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
        (b"HTTP/1.1 " + b"2" * 5_000 + b" OK\r\n\r\n", "expected status 200, received"),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "expected status 200, received b'SSH-2.0"),
        (b"x" * 70_000, "no end of its head in 65,536 bytes"),
        (RESPONSE + RESPONSE, "52 bytes came after the end of the response: b'HTTP/1.1"),
        (RESPONSE + b"!", "1 bytes came after the end of the response: b'!'"),
    ],
    ids=lambda given: given if isinstance(given, str) else "answer",
)
@pytest.mark.parametrize("request_", [KEEP_ALIVE_REQUEST, CLOSING_REQUEST])
def test_an_answer_that_cannot_be_framed_is_a_reason(
    request_: bytes, answer: bytes, reason: str
) -> None:
    with serving(replying(lambda _: answer)) as address, pytest.raises(VerificationError) as no:
        learn(address, request_)
    assert reason in str(no.value)


def test_a_large_answer_is_looked_at_once() -> None:
    """Each byte is taken a bounded number of times, however small the pieces."""
    body = bytes(range(256)) * 4_096
    response, pieces = Response(), with_head(body=body)
    for at in range(0, len(pieces), 100):
        response.feed(pieces[at : at + 100])
    assert response.whole
    assert response.body == body


answers = st.one_of(
    st.binary(max_size=300),
    st.lists(
        st.sampled_from(
            [
                *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 204 No\r\n", b"\r\n", b"\r\n\r\n", b"0"),
                *(b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"5\r\nHello\r\n"),
                *(b"0\r\n\r\n", b"Date: ", b"+9999", b"Hello", b"-1", b";x=1", b": ", b"\x00"),
                *(b"Sun, 06 Nov 1994 08:49:37 GMT", b"ffffffffffffffff", b"A\r\n", b"\n"),
            ]
        ),
        max_size=12,
    ).map(b"".join),
)


@given(answers, st.lists(st.integers(1, 40), min_size=1, max_size=10))
def test_whatever_comes_is_whole_or_not_yet_or_a_reason(answer: bytes, cuts: list[int]) -> None:
    def outcome(sizes: Iterator[int]) -> tuple[bool, bytes] | None:
        response, at = Response(), 0
        try:
            while at < len(answer):
                size = next(sizes)
                response.feed(answer[at : at + size])
                at += size
        except FramingError:
            return None
        return response.whole, response.body

    whole = outcome(itertools.repeat(len(answer)))
    assert whole == outcome(itertools.cycle(cuts)), "it depends on the bytes, not on the pieces"


@given(answers, answers)
def test_any_two_answers_are_comparable_or_a_reason(first: bytes, second: bytes) -> None:
    for one, other in ((first, second), (second, second)):
        with contextlib.suppress(VerificationError):
            for start, end in verify._varying(one, other):
                assert 0 <= start <= end <= len(other)
