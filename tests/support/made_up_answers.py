"""Bytes that are, or nearly are, answers of HTTP/1: for what has to understand any of them."""

from __future__ import annotations

from hypothesis import strategies as st

PARTS = [
    *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 204 No\r\n", b"\r\n", b"\r\n\r\n", b"0"),
    *(b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"5\r\nHello\r\n"),
    *(b"0\r\n\r\n", b"Date: ", b"+9999", b"Hello", b"-1", b";x=1", b": ", b"\x00"),
    *(b"Sun, 06 Nov 1994 08:49:37 GMT", b"ffffffffffffffff", b"A\r\n", b"\n"),
    *(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.0 500 Oops\r\n", b"Connection: close\r\n"),
    *(b"X: ", b"\r", b"HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 5\r\n\r\nHello"),
]
ANSWERS = st.one_of(
    st.binary(max_size=300), st.lists(st.sampled_from(PARTS), max_size=12).map(b"".join)
)
