"""Under a connection per request the server closes: one that answers and does not, has failed."""

from __future__ import annotations

import socket
import threading
import time

from loadgen.engine.measures import Target
from loadgen.loads import connection_per_request
from loadgen.loads.connection_per_request import ConnectionPerRequest
from tests.support.engines import EXCHANGE, do, running, until
from tests.support.loopback import RESPONSE, answer_once, serving

STAY = 3


def test_connections_that_are_answered_and_never_closed_are_errors_of_their_own() -> None:
    over = threading.Event()

    def answer(connection: socket.socket, number: int) -> None:
        connection.recv(4_096)
        connection.sendall(RESPONSE)
        if number <= STAY:
            over.wait(60)
        connection.close()

    with (
        serving(answer) as address,
        running(ConnectionPerRequest(Target(address, EXCHANGE))) as engine,
    ):
        do(engine, lambda: engine.want_active(8))
        until(lambda: engine.response.total() >= 50, engine)
        do(engine, engine.open_window)
        time.sleep(connection_per_request.NOT_CLOSED_S * 1.2)
        frozen = do(engine, engine.freeze)
        over.set()
    assert frozen.errors == {"not_closed": STAY}
    assert frozen.covered == 8 - STAY


def test_who_closes_a_little_later_has_not_failed() -> None:
    def late(connection: socket.socket, _number: int) -> None:
        connection.recv(4_096)
        connection.sendall(RESPONSE)
        time.sleep(0.05)
        connection.close()

    for answer in (late, answer_once):
        with (
            serving(answer) as address,
            running(ConnectionPerRequest(Target(address, EXCHANGE))) as engine,
        ):
            do(engine, lambda: engine.want_active(4))
            do(engine, engine.open_window)
            time.sleep(connection_per_request.NOT_CLOSED_S * 1.2)
            assert do(engine, engine.freeze).errors == {}
