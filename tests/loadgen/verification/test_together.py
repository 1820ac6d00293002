"""A server that loses requests which come together is not measured with them."""

from __future__ import annotations

import socket

import pytest

from contract.expected import ANY, Expected
from loadgen.answers.meaning import Meaning
from loadgen.verification import one_answer
from loadgen.verification.errors import VerificationError
from loadgen.verification.together import ask_together
from tests.support.loopback import REQUEST, RESPONSE, Handler, answer_for_ever, serving

DEPTH = 8


def asked(handle: Handler) -> None:
    with serving(handle) as address:
        ask_together(address, REQUEST, Meaning(Expected(body_is=ANY)), DEPTH)


def first_of_each_read(connection: socket.socket, _number: int) -> None:
    while connection.recv(65_536):
        connection.sendall(RESPONSE)


def ends_after(answers: int) -> Handler:
    def handle(connection: socket.socket, _number: int) -> None:
        for _ in range(answers):
            connection.recv(len(REQUEST), socket.MSG_WAITALL)
            connection.sendall(RESPONSE)
        connection.close()

    return handle


def cut_anywhere(connection: socket.socket, _number: int) -> None:
    while connection.recv(len(REQUEST), socket.MSG_WAITALL):
        for piece in (RESPONSE[:20], RESPONSE[20:]):
            connection.sendall(piece)


@pytest.mark.parametrize("handle", [answer_for_ever, cut_anywhere, ends_after(4)])
def test_whoever_answers_all_or_ends_the_connection_is_loaded(handle: Handler) -> None:
    asked(handle)


def test_who_answers_the_first_of_what_a_read_brings_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(one_answer, "TIMEOUT_S", 0.2)
    with pytest.raises(VerificationError, match="answered 1 of 8 requests that were sent at once"):
        asked(first_of_each_read)


def test_what_is_no_response_is_told() -> None:
    def garbles(connection: socket.socket, _number: int) -> None:
        connection.recv(len(REQUEST), socket.MSG_WAITALL)
        connection.sendall(RESPONSE)
        connection.recv(65_536)
        connection.sendall(RESPONSE + b"garbage\r\n\r\n")

    with pytest.raises(VerificationError, match="garbage"):
        asked(garbles)
