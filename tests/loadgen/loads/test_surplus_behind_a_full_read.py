"""Bytes after an answer are wrong, also where the answer alone fills a read."""

from __future__ import annotations

import socket

from contract.expected import ANY, Expected
from loadgen.answers.meaning import Meaning
from loadgen.engine.measures import Exchange, Target
from loadgen.loads.connection_per_request import ConnectionPerRequest
from tests.support.engines import do, running, until
from tests.support.loopback import REQUEST, RESPONSE, serving

FREE = Exchange(REQUEST, RESPONSE, meaning=Meaning(Expected(body_is=ANY)))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
BODY = b"x" * (FREE.room - len(HEAD % 1_000))
FULL = HEAD % len(BODY) + BODY
CLIENTS = 2


def test_bytes_behind_an_answer_that_fills_a_read_are_found_beside_the_end() -> None:
    assert len(FULL) == FREE.room

    def answer(connection: socket.socket, _number: int) -> None:
        connection.recv(4_096)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        connection.sendall(FULL + b"JUNK")
        connection.shutdown(socket.SHUT_WR)  # in one segment
        connection.recv(4_096)
        connection.close()

    with (
        serving(answer) as address,
        running(ConnectionPerRequest(Target(address, FREE))) as engine,
    ):
        do(engine, lambda: engine.want_active(CLIENTS))
        do(engine, engine.open_window)
        until(lambda: engine.response.total() + engine.errors.total() >= 40, engine)
        frozen = do(engine, engine.freeze)
    assert frozen.errors.get("wrong_answer", 0) >= frozen.requests - CLIENTS
