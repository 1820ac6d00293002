"""The open loop tells of stalls that a closed loop hides, and of its own lateness."""

from __future__ import annotations

import socket
import time
from typing import Any

from loadgen.arrivals import Arrivals
from loadgen.keep_alive import KeepAlive
from loadgen.open_connections import OpenConnections
from loadgen.open_loop import OpenLoop
from loadgen.recorder import Recorder, to_histogram
from loadgen.schedule import schedule
from tests.unit.loopback import REQUEST, RESPONSE, answer_for_ever, answer_once, serving
from tests.unit.test_engine import EXCHANGE, do, running, until

CONNECTIONS = 4
EVERY_S, STALL_S = 2.0, 0.5
WINDOW_S = 4.0


def percentile_s(recorder: Recorder, percentile: float) -> float:
    return float(to_histogram(recorder.snapshot()).get_value_at_percentile(percentile)) / 1e6


class Stalling:
    """A server that stands still for STALL_S at the end of every EVERY_S."""

    def __init__(self) -> None:
        self.started = time.monotonic()

    def __call__(self, connection: socket.socket, _number: int) -> None:
        while connection.recv(len(REQUEST)):
            into = (time.monotonic() - self.started) % EVERY_S
            if into > EVERY_S - STALL_S:
                time.sleep(EVERY_S - into)
            connection.sendall(RESPONSE)


def open_loop(address: tuple[str, int], rate_per_s: float = 400.0) -> OpenLoop:
    return OpenLoop(address, EXCHANGE, Arrivals(schedule("fixed", rate_per_s)))


def connect(engine: Any, count: int = CONNECTIONS) -> None:
    do(engine, lambda: engine.want_active(count))
    until(lambda: engine.gauges().active_established == count, engine)
    until(lambda: engine.first_response.total() == count, engine)


def test_a_stall_shows_in_response_time_and_not_in_service_time() -> None:
    with serving(Stalling()) as address:
        with running(open_loop(address)) as engine:
            assert isinstance(engine, OpenLoop)
            connect(engine)
            do(engine, engine.arrivals.begin)
            do(engine, engine.open_window)
            time.sleep(WINDOW_S)
            frozen = do(engine, engine.freeze)
            # A quarter of the requests were due in a stall, and waited 0 to STALL_S.
            assert percentile_s(engine.response, 90) > 0.15
            assert percentile_s(engine.response, 99) > 0.4
            assert percentile_s(engine.service, 90) < 0.1
            assert engine.service.total() == engine.response.total() == frozen.requests
        with running(KeepAlive(address, EXCHANGE)) as closed:
            connect(closed)
            do(closed, closed.open_window)
            time.sleep(WINDOW_S)
            do(closed, closed.freeze)
            assert percentile_s(closed.response, 99) < 0.1, "the closed loop omits the stall"


def test_rate_is_kept_and_nothing_waits_when_the_server_is_fast() -> None:
    with serving(answer_for_ever) as address, running(open_loop(address, 500)) as engine:
        assert isinstance(engine, OpenLoop)
        connect(engine, 16)
        do(engine, engine.arrivals.begin)
        started = do(engine, engine.open_window)
        time.sleep(2)
        frozen = do(engine, engine.freeze)
        assert abs(frozen.requests / ((frozen.ended_ns - started) / 1e9) / 500 - 1) < 0.05
        assert frozen.covered == 16
        assert engine.arrivals.lag.total() > frozen.requests / 2


def test_connections_that_are_never_answered_are_counted_and_not_covered() -> None:
    def half(connection: socket.socket, number: int) -> None:
        connection.recv(len(REQUEST))
        connection.sendall(RESPONSE)
        if number % 2:
            answer_for_ever(connection, number)
        else:
            time.sleep(20)

    with serving(half) as address, running(open_loop(address, 200)) as engine:
        assert isinstance(engine, OpenLoop)
        connect(engine, 8)
        do(engine, engine.arrivals.begin)
        do(engine, engine.open_window)
        until(lambda: engine.response.total() >= 100, engine)
        late = do(engine, engine.unanswered)
        assert do(engine, engine.freeze).covered == 4
    assert late.count >= 4
    assert late.oldest_us > 50_000


def test_before_it_begins_nothing_is_sent_but_the_first_request() -> None:
    with serving(answer_for_ever) as address, running(open_loop(address)) as engine:
        connect(engine)
        do(engine, lambda: engine.open_idle(3))
        until(lambda: engine.gauges().idle_established == 3, engine)
        assert do(engine, engine.freeze).requests == 0


def test_a_lost_connection_is_replaced_and_the_schedule_goes_on() -> None:
    def brief(connection: socket.socket, number: int) -> None:
        for _ in range(5 if number == 1 else 10_000):
            connection.recv(len(REQUEST))
            connection.sendall(RESPONSE)
        connection.close()

    with serving(brief) as address, running(open_loop(address, 300)) as engine:
        assert isinstance(engine, OpenLoop)
        connect(engine, 2)
        do(engine, engine.arrivals.begin)
        until(lambda: engine.response.total() >= 200, engine)
        assert sum(engine.errors.values()) in (1, 2)
        assert engine.gauges().active_established == 2


def come(address: tuple[str, int], rate_per_s: float) -> OpenConnections:
    return OpenConnections(address, EXCHANGE, Arrivals(schedule("poisson", rate_per_s, seed=5)))


def test_a_connection_for_each_arrival() -> None:
    with serving(answer_once) as address, running(come(address, 300)) as engine:
        assert isinstance(engine, OpenConnections)
        do(engine, lambda: engine.want_active(50))
        do(engine, engine.arrivals.begin)
        started = do(engine, engine.open_window)
        time.sleep(2)
        frozen = do(engine, engine.freeze)
        rate = frozen.requests / ((frozen.ended_ns - started) / 1e9)
        assert abs(rate / 300 - 1) < 0.2, "Poisson with 600 arrivals: 4% is one sigma"
        assert frozen.errors == {}
        assert engine.service.total() == frozen.requests


def test_arrivals_beyond_the_limit_wait_and_their_wait_counts() -> None:
    def slow(connection: socket.socket, number: int) -> None:
        time.sleep(0.05)
        answer_once(connection, number)

    with serving(slow) as address, running(come(address, 200)) as engine:
        assert isinstance(engine, OpenConnections)
        do(engine, lambda: engine.want_active(2))  # 40 a second can be served
        do(engine, engine.arrivals.begin)
        time.sleep(1.5)
        late = do(engine, engine.unanswered)
        do(engine, engine.freeze)
        assert late.most_waiting > 100
        assert late.count > 100
        assert late.oldest_us > 500_000
        assert percentile_s(engine.response, 99) > 0.5
        assert percentile_s(engine.service, 50) < 0.2


def test_a_server_that_refuses_is_an_error_for_each_arrival() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    listener.close()
    with running(come(address, 5_000)) as engine:
        assert isinstance(engine, OpenConnections)
        do(engine, lambda: engine.want_active(3))
        do(engine, engine.arrivals.begin)
        until(lambda: engine.errors["connect_refused"] >= 3_000, engine)


def test_an_answer_that_nobody_asked_for_is_wrong_and_not_a_request() -> None:
    asked = [0]

    def twice(connection: socket.socket, _number: int) -> None:
        connection.recv(len(REQUEST))
        connection.sendall(RESPONSE)
        while connection.recv(len(REQUEST)):
            asked[0] += 1
            connection.sendall(RESPONSE)
            time.sleep(0.002)
            connection.sendall(RESPONSE)

    with serving(twice) as address, running(open_loop(address, 100)) as engine:
        assert isinstance(engine, OpenLoop)
        connect(engine, 2)
        do(engine, engine.arrivals.begin)
        until(lambda: engine.errors["wrong_answer"] >= 5, engine)
        assert do(engine, engine.freeze).requests <= asked[0]


def test_an_engine_that_waits_with_open_eyes_knows_when_it_rested() -> None:
    with serving(answer_for_ever) as address, running(open_loop(address, 100)) as engine:
        assert isinstance(engine, OpenLoop)
        connect(engine, 2)
        do(engine, engine.arrivals.begin)
        do(engine, engine.open_window)
        time.sleep(1)
        frozen = do(engine, engine.freeze)
        assert frozen.rested_ns is not None
        assert 0.3e9 < frozen.rested_ns <= frozen.ended_ns - frozen.started_ns
