"""The framing alone: its result depends on the bytes, never on how they are cut."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from servers.core.settings import Settings
from servers.http.framing import Framer
from servers.http.request import parse_head
from servers.http.responder import (
    REMEMBERED_BYTES,
    REMEMBERED_CHUNKS,
    Conversation,
    Ending,
    ResponseCache,
)
from servers.http.routes import Routes
from tests.support.peer import CLOSING, GET, HOWTO, PERSISTENT

LIMIT_BYTES = 256
ROUTES = Routes(Settings(request_limit_bytes=LIMIT_BYTES))


def converse(pieces: list[bytes]) -> tuple[bytes, Ending]:
    """Return all output of a conversation, and its ending."""
    conversation = Conversation(ROUTES)
    output, ending = b"", Ending.OPEN
    for piece in pieces:
        conversation.feed(piece)
        while conversation.more:
            more, now = conversation.answer()
            output += more
            ending = max(ending, now)
    return output, ending


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Return the data in pieces, cut at these places (modulo its length)."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@st.composite
def valid_requests(draw: st.DrawFn) -> bytes:
    """A well-formed request that persists, with or without a body."""
    end = draw(st.sampled_from([b"\r\n", b"\n"]))
    body = draw(st.binary(max_size=40))
    lines = [draw(st.sampled_from([b"GET", b"POST", b"PUT"])) + b" /?b=c HTTP/1.1"]
    lines += draw(st.lists(st.sampled_from([b"Host: lab", b"X: ", b"Connection:keep-alive"])))[:4]
    if body or draw(st.booleans()):
        lines.append(b"content-length: %d" % len(body))
    before = draw(st.sampled_from([b"", b"\r\n", b"\n", b"\r\n\r\n"]))
    return before + end.join(lines) + end + end + body


places = st.lists(st.integers(min_value=0), max_size=30)
fragments = st.sampled_from(
    [
        b"GET / HTTP/1.1",
        b"GET / HTTP/1.0",
        b"Connection: close",
        b"Content-Length: 3",
        b"Content-Length: x",
        b"Transfer-Encoding: chunked",
        b" folded",
        b":",
        b"\r",
        b"\n",
        b"\r\n",
        b"\r\n\r\n",
        b"\n\n",
        b"\x00",
        b"x" * 100,
    ]
)


@given(st.lists(valid_requests(), max_size=8), places)
def test_valid_stream_gives_same_bytes_for_every_cutting(
    requests: list[bytes], where: list[int]
) -> None:
    stream = b"".join(requests)
    output, ending = converse(cut(stream, where))
    assert output == PERSISTENT * len(requests)
    assert ending is Ending.OPEN


@given(st.lists(fragments, max_size=30).map(b"".join) | st.binary(max_size=600), places)
def test_garbage_never_raises_and_is_cut_anywhere(stream: bytes, where: list[int]) -> None:
    assert converse(cut(stream, where)) == converse([stream])
    assert converse([bytes([byte]) for byte in stream]) == converse([stream])


@given(st.lists(fragments, min_size=1, max_size=12).map(b"".join) | valid_requests())
def test_remembered_answer_is_the_answer(chunk: bytes) -> None:
    answers = ResponseCache(ROUTES)
    for answered in (answers[chunk], answers[chunk]):
        assert answered is None or answered == converse([chunk])


def test_incomplete_chunk_is_not_answered_the_fast_way() -> None:
    answers = ResponseCache(ROUTES)
    assert answers[b""] is None
    assert answers[GET[:-1]] is None
    assert answers[GET + b"G"] is None
    assert answers[GET + b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nx"] is None
    assert answers[b"GET /cpu/1 HTTP/1.1\r\n\r\n"] is None
    assert answers[b"GET /bytes/200000 HTTP/1.1\r\n\r\n"] is None
    assert answers[GET] == (PERSISTENT, Ending.OPEN)


def test_what_is_remembered_is_bounded() -> None:
    answers = ResponseCache(ROUTES)
    for number in range(1000):
        assert answers[b"GET /?%d HTTP/1.1\r\n\r\n" % number] is not None
        assert answers[b"GET /bytes/%d HTTP/1.1\r\n\r\n" % (10_000 + number)] is not None
    assert len(answers) <= REMEMBERED_CHUNKS
    assert all(answer and len(answer[0]) <= REMEMBERED_BYTES for answer in answers.values())


def test_limit_is_exact() -> None:
    head = b"GET / HTTP/1.0\r\nX: "
    fits = head + b"x" * (LIMIT_BYTES - len(head) - 4) + b"\r\n\r\n"
    assert converse([fits]) == (HOWTO, Ending.CLOSE)
    too_long = head + b"x" * (LIMIT_BYTES - len(head) - 3) + b"\r\n\r\n"
    output, ending = converse([too_long])
    assert output.startswith(b"HTTP/1.1 431 ")
    assert ending is Ending.LINGER


def test_empty_lines_are_free() -> None:
    assert converse([b"\r\n" * 1000 + GET]) == (PERSISTENT, Ending.OPEN)
    framer = Framer(LIMIT_BYTES)
    framer.feed(b"\r\n" * 1000)
    assert framer.requests() == []
    assert framer.clean


def test_nothing_is_answered_after_the_end() -> None:
    closing = b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
    assert converse([closing + GET, GET]) == (CLOSING, Ending.CLOSE)


def test_heads() -> None:
    def status(head: bytes) -> int:
        return parse_head(head + b"\r\n\r\n").status

    assert status(b"OPTIONS * HTTP/1.1") == 200
    assert status(b"GET / HTTP/1.9") == 200
    assert status(b"GET / HTTP/2.0") == 505
    assert status(b"GET /") == 400
    assert status(b"GET  / HTTP/1.1") == 400
    assert status(b"GET / HTTP/1.1\r\nno colon") == 400
    assert status(b"GET / HTTP/1.1\r\nName : value") == 400
    assert status(b"GET / HTTP/1.1\r\nA: b\r\n folded") == 400
    assert status(b"GET / HTTP/1.1\r\nA: b\rc") == 400
    assert status(b"GET / HTTP/1.1\r\nContent-Length: +5") == 400
    assert status(b"GET / HTTP/1.1\r\nContent-Length: " + b"9" * 5000) == 400
    assert status(b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2") == 400
    assert status(b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1") == 200
    assert status(b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked") == 501
