"""Every kind of load, byte for byte and by framing: right answers count, wrong ones are caught."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable

import pytest

from contract.expected import ANY, Expected
from loadgen.answers.meaning import Meaning
from loadgen.engine.engine import Engine
from loadgen.engine.measures import Exchange, Target
from loadgen.loads.connection_per_request import ConnectionPerRequest
from tests.support.engines import CHECKED, do, running, until
from tests.support.kinds_of_load import BRIEF, EVERY, PERSISTENT
from tests.support.loopback import REQUEST, RESPONSE, Handler, serving

WRONG_ONE_IN = 20
ENOUGH = 100
LENGTH = b"Content-Length: 13"


def answering(make: Callable[[int], bytes], *, stays: bool) -> Handler:
    """Sends `make(n)` for the n-th request of all, however many come at once."""
    numbers = itertools.count()

    def answer(connection: socket.socket, _number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pending = b""
        while data := connection.recv(65_536):
            pending += data
            count = pending.count(REQUEST)
            pending = pending[count * len(REQUEST) :]
            connection.sendall(b"".join(make(next(numbers)) for _ in range(count)))
            if count and not stays:
                connection.close()
                return

    return answer


def loaded(engine: Engine, reached: Callable[[], bool]) -> dict[str, int]:
    """The errors of a window of four connections that is open until something is reached."""
    do(engine, lambda: engine.want_active(4))
    do(engine, engine.open_window)
    do(engine, engine.begin)
    until(reached, engine)
    errors: dict[str, int] = do(engine, engine.freeze).errors
    return errors


WRONG = {
    "status": (
        RESPONSE.replace(b"200 OK", b"500 No"),
        "expected status 200, received b'HTTP/1.1 500 No'",
    ),
    "no_http": (b"!" * len(RESPONSE), "expected a response of HTTP/1, received b'!!!"),
    "no_header": (
        RESPONSE.replace(b"Content-Length: ", b"Content-Length; "),
        "b'Content-Length; 13' is no header of a response",
    ),
    "longer_than_told": (RESPONSE + b"!", "expected a response of HTTP/1, received b'!"),
    "twice": (RESPONSE + RESPONSE, "more came than was asked for"),
    "two_lengths": (
        RESPONSE.replace(LENGTH, LENGTH + b"\r\nContent-Length: 5"),
        "the Content-Length b'13, 5', which is no number",
    ),
    "length_and_chunks": (
        RESPONSE.replace(LENGTH, LENGTH + b"\r\nTransfer-Encoding: chunked"),
        "a Transfer-Encoding and a Content-Length as well",
    ),
}
"""Answers, and what is wrong with them by their framing."""


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("check", CHECKED)
@pytest.mark.parametrize("kind", EVERY)
def test_one_wrong_answer_among_many_is_caught(kind: str, check: str, wrong: str) -> None:
    answer, words = WRONG[wrong]

    def make(number: int) -> bytes:
        return RESPONSE if (number + 1) % WRONG_ONE_IN else answer

    handle = answering(make, stays=kind in PERSISTENT)
    with serving(handle) as address, running(EVERY[kind](address, CHECKED[check])) as engine:
        errors = loaded(
            engine, lambda: engine.response.total() > ENOUGH and engine.errors.total() >= 2
        )
    assert errors.keys() == {"wrong_answer"}
    assert words in engine.first_wrong or (check == "exact" and "differs" in engine.first_wrong)


@pytest.mark.parametrize("check", CHECKED)
@pytest.mark.parametrize("kind", EVERY)
def test_an_answer_that_is_cut_short_is_caught(kind: str, check: str) -> None:
    numbers = itertools.count(1)

    def cut(connection: socket.socket, _number: int) -> None:
        while data := connection.recv(65_536):
            for _ in range(data.count(REQUEST)):
                if next(numbers) % WRONG_ONE_IN:
                    connection.sendall(RESPONSE)
                else:
                    connection.sendall(RESPONSE[:-1])
                    connection.close()
                    return
            if kind in BRIEF:
                connection.close()
                return

    with serving(cut) as address, running(EVERY[kind](address, CHECKED[check])) as engine:
        errors = loaded(
            engine, lambda: engine.response.total() > ENOUGH and engine.errors.total() >= 2
        )
    assert "closed_early" in errors
    assert errors.keys() <= {"closed_early", "reset"}


def counter(number: int) -> bytes:
    body = b"visit %d" % number
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def request_id(number: int) -> bytes:
    return RESPONSE.replace(LENGTH, b"X-Request-Id: %d\r\n" % 7 ** (number % 9) + LENGTH)


def other_chunks(number: int) -> bytes:
    cut = 1 + number % 12
    parts = (b"Hello, world!"[:cut], b"Hello, world!"[cut:], b"")
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks


def other_order(number: int) -> bytes:
    return RESPONSE.replace(LENGTH, b"A: 1\r\n" + LENGTH if number % 2 else LENGTH + b"\r\nA: 1")


def hints(number: int) -> bytes:
    return (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" if number % 2 else b"") + RESPONSE


DIFFERING = (counter, request_id, other_chunks, other_order, hints)


@pytest.mark.parametrize("make", DIFFERING)
@pytest.mark.parametrize("kind", EVERY)
def test_answers_that_differ_are_right_by_their_framing(
    kind: str, make: Callable[[int], bytes]
) -> None:
    stays = make is not counter
    meaning = Meaning(Expected(), b"Hello, world!") if stays else Meaning(Expected(body_is=ANY))
    exchange = Exchange(REQUEST, make(2), meaning=meaning)
    handle = answering(make, stays=kind in PERSISTENT)
    with serving(handle) as address, running(EVERY[kind](address, exchange)) as engine:
        errors = loaded(engine, lambda: engine.response.total() > ENOUGH)
        do(engine, engine.acknowledge)
        until(lambda: do(engine, engine.unasked) == 0, engine)
    assert errors == {}


@pytest.mark.parametrize("make", [counter, other_chunks])
@pytest.mark.parametrize("kind", EVERY)
def test_answers_that_differ_may_come_in_any_parts(kind: str, make: Callable[[int], bytes]) -> None:
    numbers = itertools.count()
    exchange = Exchange(REQUEST, make(2), meaning=Meaning(Expected(body_is=ANY)))

    def dribble(connection: socket.socket, _number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := connection.recv(65_536):
            for _ in range(data.count(REQUEST)):
                answer = make(next(numbers))
                for at in range(0, len(answer), 9):
                    connection.sendall(answer[at : at + 9])
            if kind in BRIEF:
                connection.close()
                return

    with serving(dribble) as address, running(EVERY[kind](address, exchange)) as engine:
        assert loaded(engine, lambda: engine.response.total() > ENOUGH) == {}


@pytest.mark.parametrize("kind", EVERY)
def test_a_body_that_has_to_stay_is_compared_where_the_rest_differs(kind: str) -> None:
    exchange = Exchange(REQUEST, request_id(1), meaning=Meaning(Expected(), b"Hello, world!"))

    def make(number: int) -> bytes:
        answer = request_id(number)
        return answer if number % WRONG_ONE_IN else answer.replace(b"world", b"earth")

    handle = answering(make, stays=kind in PERSISTENT)
    with serving(handle) as address, running(EVERY[kind](address, exchange)) as engine:
        errors = loaded(
            engine, lambda: engine.response.total() > ENOUGH and engine.errors.total() >= 2
        )
    assert errors.keys() == {"wrong_answer"}


def until_close(number: int) -> bytes:
    return b"HTTP/1.0 200 OK\r\nServer: s\r\n\r\nvisit %d" % number


@pytest.mark.parametrize("kind", BRIEF)
def test_bodies_that_end_with_the_connection_are_counted_there(kind: str) -> None:
    exchange = Exchange(REQUEST, until_close(1), meaning=Meaning(Expected()))
    with (
        serving(answering(until_close, stays=False)) as address,
        running(BRIEF[kind](address, exchange)) as engine,
    ):
        assert loaded(engine, lambda: engine.response.total() > ENOUGH) == {}


def test_of_those_a_wrong_one_is_wrong_and_one_without_its_head_came_too_short() -> None:
    def make(number: int) -> bytes:
        wrong = b"HTTP/1.0 500 No\r\n\r\nsorry" if number % 2 else b"HTTP/1.0 200 OK\r\nServer"
        return until_close(number) if number % WRONG_ONE_IN > 1 else wrong

    exchange = Exchange(REQUEST, until_close(1), meaning=Meaning(Expected()))
    with (
        serving(answering(make, stays=False)) as address,
        running(ConnectionPerRequest(Target(address, exchange))) as engine,
    ):
        errors = loaded(engine, lambda: len(engine.errors) == 2 and engine.response.total() > 50)
    assert errors.keys() == {"wrong_answer", "closed_early"}
