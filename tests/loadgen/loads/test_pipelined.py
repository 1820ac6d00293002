"""Pipelining: exact counts, times from the right write, every byte checked."""

from __future__ import annotations

import socket
import time

import pytest

from loadgen.engine.measures import Exchange, Target
from loadgen.loads.pipelined import Pipelined
from tests.support.engines import EXCHANGE, do, running, until, window
from tests.support.loopback import REQUEST, RESPONSE, serving

DEPTH = 8


def answer_all(connection: socket.socket, _number: int) -> None:
    """Answer each request of a stream, several at once."""
    held = b""
    while data := connection.recv(65_536):
        held += data
        count = len(held) // len(REQUEST)
        held = held[count * len(REQUEST) :]
        connection.sendall(RESPONSE * count)


def test_counts_to_the_request_and_keeps_the_pipeline_full() -> None:
    received = [0] * 9
    most = [0] * 9

    def count(connection: socket.socket, number: int) -> None:
        while data := connection.recv(65_536):
            assert len(data) % len(REQUEST) == 0
            received[number] += len(data) // len(REQUEST)
            most[number] = max(most[number], len(data) // len(REQUEST))
            connection.sendall(RESPONSE * (len(data) // len(REQUEST)))

    with serving(count) as address, running(Pipelined(Target(address, EXCHANGE), DEPTH)) as engine:
        do(engine, engine.open_window)
        do(engine, lambda: engine.want_active(4))
        # A pipeline is full from its first response on, and a thread of the server may start late.
        until(lambda: engine.response.total() >= 2_000 and engine._covered() == 4, engine)
        frozen = do(engine, engine.freeze)
        until(lambda: sum(received) == frozen.requests + 4 * DEPTH, engine)
    assert frozen.errors == {}
    assert max(most) == DEPTH


def test_responses_cut_anywhere_are_whole_ones() -> None:
    def dribble(connection: socket.socket, _number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        held, sent = b"", 0
        while data := connection.recv(65_536):
            held += RESPONSE * (len(data) // len(REQUEST))
            while held:
                sent += 1
                connection.sendall(held[: 1 + sent % 50])
                held = held[1 + sent % 50 :]

    with (
        serving(dribble) as address,
        running(Pipelined(Target(address, EXCHANGE), DEPTH)) as engine,
    ):
        do(engine, lambda: engine.want_active(2))
        assert window(engine, 200).errors == {}


def test_times_run_from_the_write_of_each_request() -> None:
    def slow(connection: socket.socket, _number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for data in iter(lambda: connection.recv(65_536), b""):
            for _ in range(len(data) // len(REQUEST)):
                time.sleep(0.02)
                connection.sendall(RESPONSE)

    with serving(slow) as address, running(Pipelined(Target(address, EXCHANGE), 4)) as engine:
        do(engine, lambda: engine.want_active(1))
        frozen = window(engine, 100)
    # In a full pipeline of four, each response waits for three others: 80 ms, not 20, nor the two
    # seconds and more since the first write.
    times = sorted(us for us, count in frozen.histograms["response"].items() for _ in range(count))
    assert 60_000 < times[len(times) // 2] < 500_000


@pytest.mark.parametrize("extra", [b"x", RESPONSE * (DEPTH + 1)])
def test_a_wrong_answer_in_the_middle_is_named(extra: bytes) -> None:
    def wrong(connection: socket.socket, _number: int) -> None:
        connection.recv(len(REQUEST))
        connection.sendall(RESPONSE)
        connection.recv(65_536)
        connection.sendall(RESPONSE * 2 + extra + RESPONSE)
        time.sleep(5)

    exchange = Exchange(REQUEST, RESPONSE)
    with serving(wrong) as address, running(Pipelined(Target(address, exchange), DEPTH)) as engine:
        do(engine, lambda: engine.want_active(1))
        until(lambda: engine.errors["wrong_answer"] >= 1, engine)


def test_idle_connections_stay_silent_beside_a_pipeline() -> None:
    with (
        serving(answer_all) as address,
        running(Pipelined(Target(address, EXCHANGE), DEPTH)) as engine,
    ):
        do(engine, lambda: engine.open_idle(3))
        until(lambda: engine.gauges().idle_established == 3, engine)
        do(engine, lambda: engine.want_active(2))
        frozen = window(engine, 200, covered=2)
        assert engine.gauges().idle_established == 3
    assert frozen.covered == 2


def test_a_date_that_changes_is_right_and_another_byte_is_not() -> None:
    first = b"HTTP/1.1 200 OK\r\nDate: 000\r\nContent-Length: 13\r\n\r\nHello, world!"
    place = first.index(b"000")
    begun = time.monotonic()

    def clock(connection: socket.socket, _number: int) -> None:
        while data := connection.recv(65_536):
            for _ in range(len(data) // len(REQUEST)):
                moment = b"%03d" % (int((time.monotonic() - begun) * 50) % 1_000)
                connection.sendall(first.replace(b"000", moment))

    exchange = Exchange(REQUEST, first, ((place, place + 3),))
    with serving(clock) as address, running(Pipelined(Target(address, exchange), DEPTH)) as engine:
        do(engine, lambda: engine.want_active(2))
        assert window(engine, 2_000).errors == {}


def test_long_responses_cost_no_memory_of_the_depth() -> None:
    exchange = Exchange(REQUEST, b"x" * 1_000_000)
    engine = Pipelined(Target(("127.0.0.1", 1), exchange), 256)
    try:
        assert sum(map(len, engine._multiples().values())) <= 1_000_000
    finally:
        engine._close_all()
