"""The engine counts exactly, checks every byte and names every error."""

from __future__ import annotations

import _socket
import errno
import os
import socket
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from loadgen.engine.engine import Engine
from loadgen.engine.measures import Exchange, Target
from loadgen.loads import connection_per_request
from loadgen.loads.connection_per_request import ConnectionPerRequest
from loadgen.loads.keep_alive import KeepAlive
from tests.support.engines import EXCHANGE, do, running, until, window
from tests.support.loopback import (
    REQUEST,
    RESPONSE,
    answer_for_ever,
    answer_once,
    serving,
    unused_address,
)


def test_counts_what_the_server_answered_to_the_request() -> None:
    answered = [0] * 9

    def count(connection: socket.socket, number: int) -> None:
        while connection.recv(4_096):
            answered[number] += 1
            connection.sendall(RESPONSE)

    with serving(count) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        do(engine, engine.open_window)
        do(engine, lambda: engine.want_active(8))
        until(lambda: engine.response.total() >= 200 and engine._covered() == 8, engine)
        frozen = do(engine, engine.freeze)
        # Each connection has one request in flight, answered after the freeze.
        until(lambda: sum(answered) == frozen.requests + 8, engine)
        assert engine.response.total() == frozen.requests
        assert frozen.errors == {}


def test_every_connection_is_covered_and_in_its_own_histogram() -> None:
    with (
        serving(answer_for_ever) as address,
        running(KeepAlive(Target(address, EXCHANGE))) as engine,
    ):
        do(engine, lambda: engine.want_active(4))
        until(lambda: engine.gauges().active_established == 4, engine)
        do(engine, engine.open_window)
        # The scheduler may let some of the server's threads wait for a while.
        until(lambda: engine.response.total() >= 200 and engine._covered() == 4, engine)
        frozen = do(engine, engine.freeze)
    assert frozen.covered == 4
    assert sum(frozen.histograms["connect"].values()) == 4
    assert sum(frozen.histograms["first_response"].values()) == 4
    assert sum(frozen.histograms["response"].values()) == frozen.requests >= 200
    assert frozen.segments_in is not None
    # Those in flight as the window opened had arrived before it.
    assert frozen.segments_in >= frozen.requests - 4


@pytest.mark.parametrize("closes", [1, 4])
def test_segments_count_on_when_the_server_closes_connections(closes: int) -> None:
    """Their counters go with them, and those of the next ones start at nothing."""
    over = threading.Event()

    def answer(connection: socket.socket, number: int) -> None:
        while connection.recv(4_096):
            if over.is_set() and number <= closes:
                connection.close()
                return
            connection.sendall(RESPONSE)

    with serving(answer) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        do(engine, lambda: engine.want_active(4))
        until(lambda: engine.response.total() >= 2_000, engine)
        do(engine, engine.open_window)
        over.set()
        until(lambda: engine.ends().reconnects == closes, engine)
        until(lambda: engine.gauges().active_established == 4, engine)
        frozen = do(engine, engine.freeze)
    assert frozen.segments_in is not None
    assert frozen.segments_in >= frozen.requests - 4
    assert frozen.segments_in < 2_000 + 2 * frozen.requests, "those before the window are not in it"


def test_idle_connections_ask_once_and_then_stay_silent() -> None:
    asked = [0] * 6

    def count(connection: socket.socket, number: int) -> None:
        while connection.recv(4_096):
            asked[number] += 1
            connection.sendall(RESPONSE)

    with serving(count) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        do(engine, lambda: engine.open_idle(5))
        until(lambda: engine.gauges().idle_established == 5, engine)
        frozen = do(engine, engine.freeze)
    assert asked[1:] == [1] * 5
    assert frozen.requests == 0


def test_a_response_in_pieces_is_one_response() -> None:
    def dribble(connection: socket.socket, _number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while connection.recv(4_096):
            for index in range(len(RESPONSE)):
                connection.sendall(RESPONSE[index : index + 1])

    with serving(dribble) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        do(engine, lambda: engine.want_active(2))
        frozen = window(engine, 5)
    assert frozen.errors == {}


def test_a_date_may_change_in_the_middle_of_a_load() -> None:
    dates = [b"Mon, 23 Nov 2026 10:00:0%d GMT" % second for second in range(4)]
    head = b"HTTP/1.1 200 OK\r\nDate: "
    rest = b"\r\nContent-Length: 2\r\n\r\nhi"
    where = (len(head), len(head) + len(dates[0]))
    exchange = Exchange(REQUEST, head + dates[0] + rest, (where,))

    def tick(connection: socket.socket, _number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answered = 0
        while connection.recv(4_096):
            whole = head + dates[answered // 20 % 4] + rest
            cut = where[0] + 27 if answered % 7 == 0 else len(whole)
            connection.sendall(whole[:cut])
            connection.sendall(whole[cut:])
            answered += 1

    def tick_once(connection: socket.socket, number: int) -> None:
        connection.recv(4_096)
        connection.sendall(head + dates[number // 20 % 4] + rest)
        connection.close()

    for kind, handle in ((KeepAlive, tick), (ConnectionPerRequest, tick_once)):
        with serving(handle) as address, running(kind(Target(address, exchange))) as engine:
            do(engine, lambda: engine.want_active(3))
            frozen = window(engine, 200)
        assert frozen.errors == {}


@pytest.mark.parametrize(
    ("response", "kind"),
    [(b"HTTP/1.1 500 No\r\n\r\n", "wrong_answer"), (b"", "closed_early")],
)
def test_a_wrong_answer_and_an_early_close_have_names(response: bytes, kind: str) -> None:
    def answer(connection: socket.socket, _number: int) -> None:
        connection.recv(4_096)
        connection.sendall(response)
        connection.close()

    with serving(answer) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        do(engine, lambda: engine.want_active(1))
        until(lambda: engine.errors[kind] >= 2, engine)
        assert engine.response.total() == 0
        assert set(engine.errors) <= {kind, "reset"}


def test_a_reset_is_named_and_the_connection_opened_again() -> None:
    def reset(connection: socket.socket, number: int) -> None:
        connection.recv(4_096)
        if number == 1:
            linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection.close()
        else:
            connection.sendall(RESPONSE)
            answer_for_ever(connection, number)

    with serving(reset) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        do(engine, lambda: engine.want_active(1))
        until(lambda: engine.response.total() >= 3, engine)
        assert engine.errors == {"reset": 1}


def test_a_refused_connection_is_named() -> None:
    address = unused_address()
    with running(KeepAlive(Target(address, EXCHANGE))) as engine:
        do(engine, lambda: engine.open_idle(3))
        do(engine, lambda: engine.want_active(1))
        until(lambda: engine.errors["connect_refused"] >= 1, engine)
        assert engine.gauges().idle_failed == 3


def test_fewer_active_connections_close_the_surplus() -> None:
    with (
        serving(answer_for_ever) as address,
        running(KeepAlive(Target(address, EXCHANGE))) as engine,
    ):
        do(engine, lambda: engine.want_active(6))
        until(lambda: engine.gauges().active_established == 6, engine)
        do(engine, lambda: engine.want_active(2))
        until(lambda: engine.gauges().active_established == 2, engine)
        assert window(engine, 20).errors == {}


def test_connection_per_request_opens_one_for_each_response() -> None:
    accepted = threading.Semaphore(0)

    def once(connection: socket.socket, number: int) -> None:
        accepted.release()
        answer_once(connection, number)

    with (
        serving(once) as address,
        running(ConnectionPerRequest(Target(address, EXCHANGE))) as engine,
    ):
        do(engine, lambda: engine.want_active(3))
        frozen = window(engine, 60, covered=3)
    assert frozen.errors == {}
    assert frozen.covered == 3
    assert sum(frozen.histograms["connect"].values()) >= frozen.requests - 3
    assert frozen.histograms["response"] == frozen.histograms["first_response"]
    assert frozen.segments_in is None


def test_connection_per_request_beside_idle_connections() -> None:
    def either(connection: socket.socket, number: int) -> None:
        if number <= 4:
            answer_for_ever(connection, number)
        else:
            answer_once(connection, number)

    with (
        serving(either) as address,
        running(ConnectionPerRequest(Target(address, EXCHANGE, EXCHANGE))) as engine,
    ):
        do(engine, lambda: engine.open_idle(4))
        until(lambda: engine.gauges().idle_established == 4, engine)
        do(engine, lambda: engine.want_active(2))
        frozen = window(engine, 30)
        assert engine.gauges().idle_established == 4
    assert frozen.errors == {}


def test_a_client_without_a_descriptor_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread may take the last one between the end of a connection and the next."""
    refusals = iter([False] * 20 + [True] * 5)

    def scarce(*arguments: int) -> Any:
        if next(refusals, False):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return _socket.socket(*arguments)

    names = SimpleNamespace(socket=scarce, AF_INET=_socket.AF_INET)
    monkeypatch.setattr(connection_per_request, "_socket", names)
    with (
        serving(answer_once) as address,
        running(ConnectionPerRequest(Target(address, EXCHANGE))) as engine,
    ):
        do(engine, lambda: engine.want_active(3))
        until(lambda: engine.errors["out_of_descriptors"] == 5, engine)
        frozen = window(engine, 60, covered=3)
    assert frozen.errors == {}


def test_a_call_that_comes_too_late_writes_to_nobody() -> None:
    with serving(answer_for_ever) as address:
        engine: Engine = KeepAlive(Target(address, EXCHANGE))
        with running(engine):
            pass
        reader, writer = os.pipe()  # either could have got the number of what the engine had
        try:
            os.set_blocking(reader, False)
            assert not engine.call(engine.begin).done
            with pytest.raises(BlockingIOError):
                os.read(reader, 8)
        finally:
            os.close(reader)
            os.close(writer)
