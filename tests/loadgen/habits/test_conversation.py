"""What comes of a script, against servers whose answers are scripted."""

from __future__ import annotations

import socket
import time

import pytest

from contract.request import Request
from contract.result.habits import CaseSeen
from loadgen.habits import conversation
from loadgen.habits.conversation import Answers, converse
from loadgen.habits.scripts import Script, plain
from tests.support.loopback import RESPONSE, Handler, answer_for_ever, answer_once, serving

PLAIN = plain(Request())
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CLOSED_AT_THE_END = b"HTTP/1.1 200 OK\r\n\r\nas long as it is"


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "ANSWER_S", 0.5)


def seen_of(handle: Handler, script: Script) -> CaseSeen:
    with serving(handle) as address:
        return converse(address, script, PLAIN)


def test_a_connection_that_answers_again_is_kept() -> None:
    assert seen_of(answer_for_ever, Script(PLAIN)) == CaseSeen((200,), "kept")


def test_one_that_ends_after_its_answer_is_closed() -> None:
    assert seen_of(answer_once, Script(PLAIN)) == CaseSeen((200,), "closed")


def test_one_that_answers_nothing_more_is_open() -> None:
    def once(connection: socket.socket, _number: int) -> None:
        connection.recv(4_096)
        connection.sendall(RESPONSE)
        time.sleep(5)

    assert seen_of(once, Script(PLAIN)) == CaseSeen((200,), "open")


def test_silence_is_no_answer() -> None:
    def never(connection: socket.socket, _number: int) -> None:
        connection.recv(4_096)
        time.sleep(5)

    assert seen_of(never, Script(PLAIN)) == CaseSeen((), "open")


def test_all_answers_of_a_pipeline_are_counted() -> None:
    assert seen_of(answer_for_ever, Script(PLAIN * 3, answers=3)) == CaseSeen((200,) * 3, "kept")


def test_an_answer_too_many_belongs_to_what_was_sent() -> None:
    def twice(connection: socket.socket, _number: int) -> None:
        while connection.recv(4_096):
            connection.sendall(RESPONSE * 2)

    assert seen_of(twice, Script(PLAIN)).statuses == (200, 200)


def test_a_body_is_sent_when_it_is_asked_for() -> None:
    received = []

    def expecting(connection: socket.socket, _number: int) -> None:
        received.append(connection.recv(4_096))
        connection.sendall(CONTINUE)
        received.append(connection.recv(4_096))
        connection.sendall(RESPONSE)
        connection.close()

    script = Script(b"head", b"body", prompted=True)
    assert seen_of(expecting, script) == CaseSeen((100, 200), "closed")
    assert received == [b"head", b"body"]


def test_a_body_that_nobody_asks_for_is_kept_back() -> None:
    received = []

    def waiting(connection: socket.socket, _number: int) -> None:
        while data := connection.recv(4_096):
            received.append(data)

    assert seen_of(waiting, Script(b"head", b"body", prompted=True)).statuses == ()
    assert b"body" not in b"".join(received)


def test_an_answer_that_ends_with_its_connection_is_whole() -> None:
    def old(connection: socket.socket, _number: int) -> None:
        connection.recv(4_096)
        connection.sendall(CLOSED_AT_THE_END)
        connection.close()

    assert seen_of(old, Script(PLAIN)) == CaseSeen((200,), "closed")


def test_what_is_no_http_is_told() -> None:
    def strange(connection: socket.socket, _number: int) -> None:
        connection.recv(4_096)
        connection.sendall(b"<h1>no</h1>")
        connection.close()

    found = seen_of(strange, Script(PLAIN))
    assert (found.statuses, found.said) == ((), repr(b"<h1>no</h1>"))


def test_answers_are_found_however_they_are_cut() -> None:
    whole = CONTINUE + RESPONSE + RESPONSE.replace(b"200 OK", b"404 No")
    for size in (1, 2, 7, len(whole)):
        answers = Answers(bodiless=False)
        for at in range(0, len(whole), size):
            answers.feed(whole[at : at + size])
        assert answers.statuses == [100, 200, 404]
        assert (answers.whole, answers.strange) == (2, "")
