"""A server that ends every connection in plain HTTP is asked whether it speaks TLS."""

from __future__ import annotations

import socket
import ssl

import pytest

from loadgen.answers.head import SPEAKS_TLS
from loadgen.verification import one_answer, tls
from loadgen.verification.errors import VerificationError
from loadgen.verification.readiness import Ready
from loadgen.verification.tls import speaks_tls
from loadgen.verification.verify import KEEP_ALIVE_REQUEST, Terms, learn
from tests.support.loopback import Handler, answer_for_ever, serving, unused_address

HANDSHAKE = b"\x16"
TERMS = Terms(ready=Ready(within_s=0.2))


def of_tls(connection: socket.socket, _number: int) -> None:
    """Ends what is no handshake without a word; it has no certificate, and declines those."""
    if connection.recv(1, socket.MSG_PEEK) != HANDSHAKE:
        connection.recv(4_096)
        connection.close()
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with pytest.raises(ssl.SSLError):
        context.wrap_socket(connection, server_side=True)


def close_at_once(connection: socket.socket, _number: int) -> None:
    connection.recv(4_096)
    connection.close()


def refuse(connection: socket.socket, _number: int) -> None:
    """In plain HTTP, whatever comes: also to a handshake."""
    connection.recv(4_096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    connection.close()


def say_nothing(connection: socket.socket, _number: int) -> None:
    while connection.recv(4_096):
        pass


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_answer, "TIMEOUT_S", 0.1)
    monkeypatch.setattr(tls, "TIMEOUT_S", 0.5)


def test_a_server_of_tls_is_told() -> None:
    with serving(of_tls) as address, pytest.raises(VerificationError) as no:
        learn(address, KEEP_ALIVE_REQUEST, TERMS)
    assert str(no.value) == SPEAKS_TLS
    assert no.value.spoiled_by == "server_wrong"


def test_one_that_only_closes_is_not() -> None:
    with serving(close_at_once) as address, pytest.raises(VerificationError) as no:
        learn(address, KEEP_ALIVE_REQUEST, TERMS)
    assert "at last: the server closed the connection without a response" in str(no.value)


@pytest.mark.parametrize("handler", [answer_for_ever, close_at_once, refuse, say_nothing])
def test_others_do_not_speak_tls(handler: Handler) -> None:
    with serving(handler) as address:
        assert not speaks_tls(address)


def test_nobody_does_not_speak_tls() -> None:
    assert not speaks_tls(unused_address())
