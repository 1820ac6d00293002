"""Verification before load: the exact bytes are learned, a wrong answer is refused."""

from __future__ import annotations

import socket

import pytest

from loadgen.target import CLOSING_REQUEST, KEEP_ALIVE_REQUEST, VerificationError, learn
from tests.unit.loopback import RESPONSE, answer_for_ever, answer_once, serving


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
