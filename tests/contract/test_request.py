"""Requests on the wire: what is sent, and what cannot be."""

from __future__ import annotations

import pytest

from contract.request import (
    MOST_BYTES,
    Request,
    RequestError,
    header_lines,
    headers_text,
    parse_requests,
    requests_text,
)

BUY = Request(
    method="POST",
    path="/buy?x=1",
    headers=(("host", "shop.example"), ("Content-Type", "text/plain")),
    body="ein Stück",
)


@pytest.mark.parametrize(
    ("request_", "sent"),
    [
        (Request(), b"GET / HTTP/1.1\r\nHost: c10k-lab\r\n\r\n"),
        (Request(method="HEAD", path="/a"), b"HEAD /a HTTP/1.1\r\nHost: c10k-lab\r\n\r\n"),
        (
            BUY,
            b"POST /buy?x=1 HTTP/1.1\r\nHost: shop.example\r\nContent-Type: text/plain\r\n"
            b"Content-Length: 10\r\n\r\nein St\xc3\xbcck",
        ),
        (
            Request(method="PUT"),
            b"PUT / HTTP/1.1\r\nHost: c10k-lab\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            Request(headers=(("X", "a b\tc"),), body="q"),
            b"GET / HTTP/1.1\r\nHost: c10k-lab\r\nX: a b\tc\r\nContent-Length: 1\r\n\r\nq",
        ),
    ],
)
def test_what_is_sent(request_: Request, sent: bytes) -> None:
    assert request_.encoded("1.1") == sent


def test_a_request_for_a_server_that_closes() -> None:
    assert Request().encoded("1.0") == b"GET / HTTP/1.0\r\nHost: c10k-lab\r\n\r\n"
    assert Request(body="x").encoded("1.1", "Connection: close") == (
        b"GET / HTTP/1.1\r\nHost: c10k-lab\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"method": "get"}, "method is 'get'; it must be one in capitals"),
        ({"method": "CONNECT"}, "method is 'CONNECT'"),
        ({"method": "GET /x"}, "method is 'GET /x'"),
        ({"method": ""}, "method is ''"),
        ({"path": "x"}, "path is 'x'; it must begin with /"),
        ({"path": "/a b"}, "path is '/a b'"),
        ({"path": "/a,b"}, "write %2C"),
        ({"path": "/a\n"}, "path is '/a\\\\n'"),
        ({"headers": (("Transfer-Encoding", "chunked"),)}, "a body is sent with its length"),
        ({"headers": (("content-length", "3"),)}, "content-length cannot be set: it is counted"),
        ({"headers": (("Connection", "close"),)}, "the kind of load says whether"),
        ({"headers": (("EXPECT", "100-continue"),)}, "EXPECT cannot be set"),
        ({"headers": (("Upgrade", "h2c"),)}, "Upgrade cannot be set"),
        ({"headers": (("A", "1"), ("a", "2"))}, "a stands twice"),
        ({"headers": (("A B", "1"),)}, "'A B' is no name of a header"),
        ({"headers": (("", "1"),)}, "'' is no name of a header"),
        ({"headers": (("A", "1\r\nB: 2"),)}, "the value of A holds '\\\\r'"),
        ({"headers": (("A", "1\n"),)}, "the value of A holds '\\\\n'"),
        ({"headers": (("A", "\0"),)}, "the value of A holds '\\\\x00'"),
        ({"body": "x" * MOST_BYTES}, "bytes long; at most 16,384 are sent at once"),
    ],
)
def test_what_cannot_be_sent(given: dict[str, object], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        Request(**given)  # type: ignore[arg-type]


def test_the_longest_request_that_can_be_sent() -> None:
    head = len(Request(method="POST", body="x" * 10_000).encoded("1.1")) - 10_000
    longest = Request(method="POST", body="x" * (MOST_BYTES - head))
    assert len(longest.encoded("1.1")) == MOST_BYTES


@pytest.mark.parametrize(
    ("method", "depth", "words"),
    [
        ("POST", 2, "POST is not idempotent"),
        ("PATCH", 16, "PATCH is not idempotent"),
        ("GET", 200, "pipeline_depth 200 makes"),
    ],
)
def test_what_cannot_be_pipelined(method: str, depth: int, words: str) -> None:
    request = Request(method=method, headers=(("X", "y" * 200),))
    with pytest.raises(RequestError, match=words):
        request.check_pipeline(depth)
    request.check_pipeline(1)


def test_the_plain_request_can_be_pipelined_as_deep_as_may_be() -> None:
    Request().check_pipeline(256)
    Request(method="PUT").check_pipeline(2)


def test_header_lines_are_read_as_they_are_written() -> None:
    assert header_lines("A: 1\r\n\n  B:x:y \n") == (("A", "1"), ("B", "x:y"))
    assert header_lines("") == ()
    assert header_lines(headers_text(BUY.headers)) == BUY.headers
    with pytest.raises(RequestError, match="'nonsense' is no `Name: value`"):
        header_lines("A: 1\nnonsense")
    with pytest.raises(RequestError, match="Connection cannot be set"):
        header_lines("Connection: close")


def test_named_requests_are_read_as_they_are_written() -> None:
    named = {"browse": Request(path="/b"), "buy": BUY}
    assert parse_requests(requests_text(named)) == named
    assert parse_requests(requests_text({})) == {}
    for text in ("{", "[1]", '{"a": 1}', '{"a": {"method": "GET"}}'):
        with pytest.raises(RequestError, match="no JSON of named requests"):
            parse_requests(text)
    with pytest.raises(RequestError, match="method is 'get'"):
        parse_requests('{"a": {"method": "get", "path": "/", "headers": [], "body": ""}}')
