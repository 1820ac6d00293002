"""Whatever a server sends unasked is a wrong answer, whatever is asked of it otherwise."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from tests.support.engines import CHECKED, do, running, until
from tests.support.kinds_of_load import BRIEF, EVERY, PERSISTENT
from tests.support.loopback import REQUEST, RESPONSE, serving

IDLE = 3


class Talkative:
    """Answers the first request of each connection, and says `more` once it is told to."""

    def __init__(self, more: bytes) -> None:
        self.more = more
        self.go = threading.Event()
        self.asked: list[bytes] = []

    def __call__(self, connection: socket.socket, _number: int) -> None:
        connection.settimeout(0.01)
        told = False
        while True:
            try:
                data = connection.recv(4_096)
            except TimeoutError:
                if self.go.is_set() and not told:
                    told = True
                    connection.sendall(self.more)
                continue
            if not data:
                return
            self.asked.append(data)
            connection.sendall(RESPONSE)


@pytest.mark.parametrize("more", [RESPONSE, RESPONSE[:5], RESPONSE * 2], ids=["one", "part", "two"])
@pytest.mark.parametrize("silent", [False, True], ids=["after_one", "silent"])
@pytest.mark.parametrize("check", CHECKED)
@pytest.mark.parametrize("kind", EVERY)
def test_an_idle_connection_that_gets_something_is_lost_and_asks_for_nothing(
    kind: str, check: str, silent: bool, more: bytes
) -> None:
    server = Talkative(more)
    with serving(server) as address, running(EVERY[kind](address, CHECKED[check])) as engine:
        engine.idle_silent = silent
        do(engine, lambda: engine.open_idle(IDLE))
        until(lambda: engine.gauges().idle_established == IDLE, engine)
        server.go.set()
        until(lambda: engine.errors["idle_wrong_answer"] == IDLE, engine)
        frozen = do(engine, engine.freeze)
    assert frozen.errors == {"idle_wrong_answer": IDLE}
    assert frozen.requests == 0
    assert server.asked == ([] if silent else [REQUEST] * IDLE)
    assert engine.first_response.total() == len(server.asked)


@pytest.mark.parametrize("check", CHECKED)
@pytest.mark.parametrize("kind", BRIEF)
@pytest.mark.parametrize("gap_s", [0.0, 0.005])
def test_a_connection_for_one_request_is_counted_once(kind: str, check: str, gap_s: float) -> None:
    handled = [0]
    lock = threading.Lock()

    def twice(connection: socket.socket, _number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not connection.recv(4_096):
            return
        with lock:
            handled[0] += 1
        connection.sendall(RESPONSE)
        time.sleep(gap_s)
        connection.sendall(RESPONSE)
        connection.recv(4_096)

    with serving(twice) as address, running(BRIEF[kind](address, CHECKED[check])) as engine:
        do(engine, lambda: engine.want_active(4))
        do(engine, engine.open_window)
        do(engine, engine.begin)
        until(lambda: engine.errors["wrong_answer"] >= 20, engine)
        frozen = do(engine, engine.freeze)
        assert frozen.requests <= handled[0]
        assert frozen.errors.keys() == {"wrong_answer"}


@pytest.mark.parametrize("check", CHECKED)
@pytest.mark.parametrize("kind", PERSISTENT)
def test_an_answer_too_many_is_found_at_rest_where_it_looks_like_the_next_one(
    kind: str, check: str
) -> None:
    """Once, the server answers twice. From then on each answer comes a request too early."""
    asked, doubled = [0], threading.Event()

    def once_more(connection: socket.socket, _number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pending = b""
        while data := connection.recv(4_096):
            pending += data
            while pending.startswith(REQUEST):
                pending = pending[len(REQUEST) :]
                asked[0] += 1
                time.sleep(0.002)
                connection.sendall(RESPONSE)
                if asked[0] == 50:
                    time.sleep(0.002)
                    connection.sendall(RESPONSE)
                    doubled.set()

    with (
        serving(once_more) as address,
        running(PERSISTENT[kind](address, CHECKED[check])) as engine,
    ):
        do(engine, lambda: engine.want_active(1))
        do(engine, engine.open_window)
        do(engine, engine.begin)
        until(lambda: doubled.is_set() and asked[0] > 100, engine)
        frozen = do(engine, engine.freeze)
        do(engine, engine.acknowledge)
        assert frozen.errors.keys() <= {"wrong_answer"}
        if not frozen.errors:
            until(lambda: do(engine, engine.unasked) == 1, engine)


@pytest.mark.parametrize("check", CHECKED)
@pytest.mark.parametrize("kind", EVERY)
def test_nothing_is_unasked_where_each_request_has_its_answer(kind: str, check: str) -> None:
    def answer(connection: socket.socket, _number: int) -> None:
        pending = b""
        while data := connection.recv(4_096):
            pending += data
            while pending.startswith(REQUEST):
                pending = pending[len(REQUEST) :]
                connection.sendall(RESPONSE)
            if kind in BRIEF:
                connection.close()
                return

    with serving(answer) as address, running(EVERY[kind](address, CHECKED[check])) as engine:
        do(engine, lambda: engine.want_active(3))
        do(engine, engine.open_window)
        do(engine, engine.begin)
        until(lambda: engine.response.total() >= 100, engine)
        frozen = do(engine, engine.freeze)
        do(engine, engine.acknowledge)
        time.sleep(0.05)
        assert frozen.errors == {}
        assert do(engine, engine.unasked) == 0
