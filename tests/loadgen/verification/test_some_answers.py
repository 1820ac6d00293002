"""Servers that answer some requests, or never to the end, are told for what they do."""

from __future__ import annotations

import socket
import time

import pytest

from loadgen.verification import one_answer
from loadgen.verification.errors import VerificationError
from loadgen.verification.verify import (
    KEEP_ALIVE_REQUEST,
    Terms,
    closing_request,
    learn,
)
from tests.support.loopback import (
    RESPONSE,
    Handler,
    answer_for_ever,
    replying,
    serving,
)
from tests.support.terms import AT_ONCE, OURS


def answer_times(most: int) -> Handler:
    """So many on each connection, and nothing from then on."""

    def answer(connection: socket.socket, _number: int) -> None:
        for _ in range(most):
            connection.recv(4_096)
            connection.sendall(RESPONSE)
        while connection.recv(4_096):
            pass

    return answer


def every_second_connection(connection: socket.socket, number: int) -> None:
    """The others are never answered."""
    while connection.recv(4_096):
        if number % 2:
            connection.sendall(RESPONSE)


def first_connection(connection: socket.socket, number: int) -> None:
    """The others are closed, when they have asked: with a request unread it would be a reset."""
    if number == 1:
        answer_for_ever(connection, number)
    else:
        connection.recv(4_096)
    connection.close()


@pytest.mark.parametrize(
    ("handle", "reason"),
    [
        (answer_times(1), "did not answer the second request on a connection within 0.3 s"),
        (
            every_second_connection,
            "the server answered on 1 connection, and not on the next: no response within 0.3 s",
        ),
        (
            first_connection,
            "the server answered on 1 connection, and not on the next: the server closed",
        ),
    ],
)
def test_who_answers_some_is_told_from_who_closes(
    monkeypatch: pytest.MonkeyPatch, handle: Handler, reason: str
) -> None:
    monkeypatch.setattr(one_answer, "TIMEOUT_S", 0.3)
    with serving(handle) as address, pytest.raises(VerificationError) as no:
        learn(address, KEEP_ALIVE_REQUEST, Terms(ready=AT_ONCE))
    assert reason in str(no.value)


@pytest.mark.parametrize(
    ("begun", "reason"),
    [
        (RESPONSE[:-1], "the response did not go on within 0.3 s"),
        (RESPONSE[:9], "the response did not go on within 0.3 s"),
        (
            b"HTTP/1.1 200 OK\r\n\r\nHello",
            "the response has no Content-Length, and its connection did not end within 0.3 s",
        ),
    ],
)
def test_an_answer_that_stops_is_given_up(
    monkeypatch: pytest.MonkeyPatch, begun: bytes, reason: str
) -> None:
    monkeypatch.setattr(one_answer, "TIMEOUT_S", 0.3)
    with serving(replying(lambda _: begun)) as address, pytest.raises(VerificationError) as no:
        learn(address, KEEP_ALIVE_REQUEST, OURS)
    assert str(no.value) == reason


def test_an_answer_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_answer, "LONGEST_S", 0.3)

    def trickle(connection: socket.socket, _number: int) -> None:
        connection.recv(4_096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            connection.sendall(b"x")
            time.sleep(0.01)

    with serving(trickle) as address, pytest.raises(VerificationError) as no:
        learn(address, KEEP_ALIVE_REQUEST, OURS)
    assert str(no.value) == "the response did not end within 0.3 s"


@pytest.mark.parametrize(
    ("request_", "asked"),
    [(closing_request(), "HTTP/1.0"), (closing_request(old=False), "`Connection: close`")],
)
def test_a_server_that_keeps_what_it_should_close_is_refused(
    monkeypatch: pytest.MonkeyPatch, request_: bytes, asked: str
) -> None:
    monkeypatch.setattr(one_answer, "TIMEOUT_S", 0.3)
    with serving(answer_for_ever) as address, pytest.raises(VerificationError) as no:
        learn(address, request_, OURS)
    assert str(no.value) == (f"the server does not close the connection after a request of {asked}")
