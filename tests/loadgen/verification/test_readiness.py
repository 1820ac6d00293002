"""A server that is starting is waited for, up to a limit, and the reason says what it did last."""

from __future__ import annotations

import socket

import pytest

from contract.expected import EXACT
from loadgen.engine.sockets import AT_ONCE as RESET
from loadgen.verification import one_answer
from loadgen.verification.errors import VerificationError
from loadgen.verification.readiness import Ready
from loadgen.verification.verify import KEEP_ALIVE_REQUEST, Terms, learn
from tests.support.loopback import (
    RESPONSE,
    Handler,
    answer_for_ever,
    serving,
    unused_address,
)

STARTING = 3
"""Connections until a server has started."""
LONG, SHORT = 60.0, 0.2


def answer_with(status: int) -> Handler:
    def answer(connection: socket.socket, _number: int) -> None:
        while connection.recv(4_096):
            connection.sendall(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)

    return answer


def close_at_once(connection: socket.socket, _number: int) -> None:
    connection.recv(4_096)
    connection.close()


def reset_at_once(connection: socket.socket, _number: int) -> None:
    connection.recv(4_096)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.close()


def say_nothing(connection: socket.socket, _number: int) -> None:
    while connection.recv(4_096):
        pass


PASSING: dict[str, tuple[Handler, str]] = {
    "502": (answer_with(502), "expected status 200, received b'HTTP/1.1 502 No'"),
    "503": (answer_with(503), "expected status 200, received b'HTTP/1.1 503 No'"),
    "504": (answer_with(504), "expected status 200, received b'HTTP/1.1 504 No'"),
    "close": (close_at_once, "the server closed the connection without a response"),
    "reset": (reset_at_once, "no response: [Errno 104]"),
    "nothing": (say_nothing, "no response within 0.1 s"),
}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_answer, "TIMEOUT_S", 0.1)


def starting(first: Handler, then: Handler = answer_for_ever) -> Handler:
    def answer(connection: socket.socket, number: int) -> None:
        (first if number <= STARTING else then)(connection, number)

    return answer


@pytest.mark.parametrize("name", PASSING)
def test_what_a_starting_server_does_is_waited_for(name: str) -> None:
    with serving(starting(PASSING[name][0])) as address:
        terms = Terms(check=EXACT, ready=Ready(within_s=LONG))
        assert learn(address, KEEP_ALIVE_REQUEST, terms).response == RESPONSE


@pytest.mark.parametrize("name", PASSING)
def test_a_server_that_goes_on_so_is_given_up_with_what_it_did_last(name: str) -> None:
    first, last = PASSING[name]
    terms = Terms(check=EXACT, ready=Ready(within_s=SHORT))
    with serving(first) as address, pytest.raises(VerificationError) as no:
        learn(address, KEEP_ALIVE_REQUEST, terms)
    assert str(no.value).startswith(f"the server was not ready within {SHORT:g} s; at last: {last}")


def test_a_server_that_never_listens_is_given_up() -> None:
    terms = Terms(ready=Ready(within_s=SHORT))
    with pytest.raises(VerificationError) as no:
        learn(unused_address(), KEEP_ALIVE_REQUEST, terms)
    assert "at last: no response from 127.0.0.1:" in str(no.value)
    assert no.value.spoiled_by == "server_gone"


@pytest.mark.parametrize("status", [404, 500])
def test_another_answer_is_no_sign_of_a_start(status: int) -> None:
    terms = Terms(check=EXACT, ready=Ready(within_s=LONG))
    with serving(starting(answer_with(status))) as address, pytest.raises(VerificationError) as no:
        learn(address, KEEP_ALIVE_REQUEST, terms)
    assert str(no.value) == f"expected status 200, received b'HTTP/1.1 {status} No'"


def healthy_after(connections: int) -> Handler:
    """`/` is right at once, `/health` later, with status 204."""

    def answer(connection: socket.socket, number: int) -> None:
        while data := connection.recv(4_096):
            if not data.startswith(b"GET /health "):
                connection.sendall(RESPONSE)
            elif number <= connections:
                connection.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
            else:
                connection.sendall(b"HTTP/1.1 204 Yes\r\n\r\n")

    return answer


def test_a_path_and_a_status_of_its_own_say_when_a_server_is_ready() -> None:
    ready = Ready(path="/health", statuses=(204,), within_s=LONG)
    with serving(healthy_after(STARTING)) as address:
        terms = Terms(check=EXACT, ready=ready)
        assert learn(address, KEEP_ALIVE_REQUEST, terms).response == RESPONSE
    for statuses, last in (((), "received b'HTTP/1.1 204 Yes'"), ((204,), "b'HTTP/1.1 404 No'")):
        terms = Terms(ready=Ready(path="/health", statuses=statuses, within_s=SHORT))
        most = 0 if not statuses else 1_000
        with serving(healthy_after(most)) as address, pytest.raises(VerificationError) as no:
            learn(address, KEEP_ALIVE_REQUEST, terms)
        assert "the server was not ready within 0.2 s; at last: " in str(no.value)
        assert last in str(no.value)
