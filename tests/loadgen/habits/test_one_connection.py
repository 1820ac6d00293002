"""Requests on one connection: a refusal is none that was served, and a pause is no end."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest

from contract.habits.cases import PLAIN
from contract.request import Request
from loadgen.habits import asking, conversation
from loadgen.habits.asking import ask
from tests.support.loopback import RESPONSE, Handler, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

    from contract.result.habits import Habits

REFUSED = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "ANSWER_S", 0.2)
    monkeypatch.setattr(asking, "MOST_REQUESTS", 50)


def saying(answers: Iterable[bytes], pause_s: float = 0.0) -> Handler:
    """A handler that gives these to the requests of each connection; nothing, where one is empty
    or none is left, for so long or for good."""
    said = tuple(answers)

    def answer(connection: socket.socket, _number: int) -> None:
        left, held = itertools.chain(said, itertools.repeat(b"")), b""
        while piece := connection.recv(65_536):
            *whole, held = (held + piece).split(b"\r\n\r\n")
            for _ in whole:
                told = next(left)
                if not told and pause_s:
                    time.sleep(pause_s)
                    told = RESPONSE
                if told:
                    connection.sendall(told)

    return answer


def asked(handler: Handler) -> Habits:
    with serving(handler) as address:
        found = ask(address, Request(), 0.0)
    assert found.reason == ""
    return found


def test_requests_that_are_refused_are_not_served() -> None:
    """Five on each connection; then it stays, and says 429."""
    found = asked(saying([RESPONSE] * 5 + [REFUSED] * 50))
    assert (found.requests_answered, found.requests_asked) == (5, 6)
    assert (found.requests_status, found.requests_open) == (429, False)


def test_a_pause_is_told_from_an_end() -> None:
    found = asked(saying([RESPONSE] * 12, pause_s=0.4))
    assert (found.requests_answered, found.requests_asked) == (12, 13)
    assert (found.requests_status, found.requests_open) == (0, True)


def test_one_that_leaves_the_second_request_without_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conversation, "ANSWER_S", 0.05)
    found = asked(saying([RESPONSE]))
    assert found.cases[PLAIN].ending == "open"
    assert (found.requests_answered, found.requests_open) == (1, True)


def test_one_that_has_no_limit_is_asked_to_the_end() -> None:
    found = asked(saying([RESPONSE] * 60))
    assert found.requests_answered == found.requests_asked == 50
    assert (found.requests_status, found.requests_open) == (0, False)
