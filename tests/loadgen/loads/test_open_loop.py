"""The open loop tells of stalls that a closed loop hides, and of its own lateness."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from loadgen.engine.measures import Target, WindowCounts
from loadgen.engine.recorder import Recorder, to_histogram
from loadgen.loads.arrivals import Arrivals
from loadgen.loads.keep_alive import KeepAlive
from loadgen.loads.open_connections import OpenConnections
from loadgen.loads.open_loop import OpenLoop
from loadgen.loads.schedule import schedule, surging
from tests.support.engines import EXCHANGE, do, running, until
from tests.support.loopback import (
    REQUEST,
    RESPONSE,
    answer_for_ever,
    answer_once,
    serving,
    unused_address,
)

CONNECTIONS = 4
EVERY_S, STALL_S = 2.0, 0.5
WINDOW_S = 4.0
MOST_STALLED = CONNECTIONS * 3
"""A connection has one request in a stall, and WINDOW_S meets three at most."""


def percentile_s(recorder: Recorder, percentile: float) -> float:
    return float(to_histogram(recorder.snapshot()).get_value_at_percentile(percentile)) / 1e6


def long_ones(recorder: Recorder) -> int:
    """How many took nearly as long as a stall, or longer."""
    return sum(count for us, count in recorder.snapshot().items() if us > STALL_S * 0.8e6)


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
    return OpenLoop(Target(address, EXCHANGE), Arrivals(schedule("fixed", rate_per_s)))


def connect(engine: Any, count: int = CONNECTIONS) -> None:
    do(engine, lambda: engine.want_active(count))
    until(lambda: engine.gauges().active_established == count, engine)
    until(lambda: engine.first_response.total() == count, engine)


def taken(frozen: WindowCounts) -> int:
    """Requests of the schedule: answered in the window, or not yet."""
    assert frozen.unanswered is not None
    return frozen.requests + frozen.unanswered.count


def moments_before(engine: OpenLoop | OpenConnections, moments: Iterator[int]) -> int:
    """How many of the schedule were due when the engine froze: whatever stalled, all are sent
    or told of, once.
    """
    due = engine.arrivals.due - engine.arrivals._begun
    return sum(1 for _ in takewhile(lambda moment: moment < due, moments))


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
            assert long_ones(engine.service) <= MOST_STALLED
            assert engine.service.total() == engine.response.total() == frozen.requests
        with running(KeepAlive(Target(address, EXCHANGE))) as closed:
            connect(closed)
            do(closed, closed.open_window)
            time.sleep(WINDOW_S)
            do(closed, closed.freeze)
            assert long_ones(closed.response) <= MOST_STALLED, "the closed loop omits the stall"


def test_rate_is_kept_and_nothing_waits_when_the_server_is_fast() -> None:
    with serving(answer_for_ever) as address, running(open_loop(address, 100)) as engine:
        assert isinstance(engine, OpenLoop)
        connect(engine, 16)
        do(engine, engine.open_window)
        do(engine, engine.arrivals.begin)
        served, lag = engine.response.total, engine.arrivals.lag.total
        until(lambda: served() >= 200 and engine._covered() == 16 and lag() > served() / 2, engine)
        frozen = do(engine, engine.freeze)
        assert taken(frozen) == moments_before(engine, schedule("fixed", 100))


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
        until(lambda: engine.response.total() >= 100 and engine._covered() == 4, engine)
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


def test_a_connection_that_is_closed_is_replaced_and_the_schedule_goes_on() -> None:
    def brief(connection: socket.socket, number: int) -> None:
        for _ in range(5 if number == 1 else 10_000):
            connection.recv(len(REQUEST))
            connection.sendall(RESPONSE)
        connection.close()

    with serving(brief) as address, running(open_loop(address, 300)) as engine:
        assert isinstance(engine, OpenLoop)
        connect(engine, 2)
        do(engine, engine.arrivals.begin)
        until(
            lambda: (
                engine.response.total() >= 200
                and engine.ends().reconnects > 0
                and engine.gauges().active_established == 2
            ),
            engine,
        )
        assert engine.ends().answered == {5: 1}
        assert engine.errors == {}
        assert engine.gauges().active_established == 2


def come(address: tuple[str, int], rate_per_s: float) -> OpenConnections:
    return OpenConnections(
        Target(address, EXCHANGE), Arrivals(schedule("poisson", rate_per_s, seed=5))
    )


def test_a_connection_for_each_arrival() -> None:
    with serving(answer_once) as address, running(come(address, 300)) as engine:
        assert isinstance(engine, OpenConnections)
        do(engine, lambda: engine.want_active(50))
        do(engine, engine.open_window)
        do(engine, engine.arrivals.begin)
        until(lambda: engine.response.total() >= 600, engine)
        frozen = do(engine, engine.freeze)
        assert taken(frozen) == moments_before(engine, schedule("poisson", 300, seed=5))
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
        until(lambda: engine.waiting() > 100 and engine.response.total() >= 40, engine)
        late = do(engine, engine.unanswered)
        do(engine, engine.freeze)
        assert late.most_waiting > 100
        assert late.count > 100
        assert late.oldest_us > 500_000
        assert percentile_s(engine.response, 99) > 0.5
        assert min(engine.service.snapshot()) < 200_000


def test_a_server_that_refuses_is_an_error_for_each_arrival() -> None:
    address = unused_address()
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
            try:
                connection.sendall(RESPONSE)
                time.sleep(0.002)
                connection.sendall(RESPONSE)
            except ConnectionError:  # what had come before the reset was asked as well
                asked[0] += len(connection.recv(65_536)) // len(REQUEST)
                return

    with serving(twice) as address, running(open_loop(address, 100)) as engine:
        assert isinstance(engine, OpenLoop)
        connect(engine, 2)
        do(engine, engine.arrivals.begin)
        until(lambda: engine.errors["wrong_answer"] >= 5, engine)
        frozen = do(engine, engine.freeze)
        until(lambda: frozen.requests <= asked[0], engine)


def test_an_engine_that_waits_with_open_eyes_knows_when_it_rested() -> None:
    with serving(answer_for_ever) as address, running(open_loop(address, 10)) as engine:
        assert isinstance(engine, OpenLoop)
        connect(engine, 2)
        do(engine, engine.arrivals.begin)
        do(engine, engine.open_window)
        time.sleep(1)
        frozen = do(engine, engine.freeze)
        assert frozen.rested_ns is not None
        assert 0.3e9 < frozen.rested_ns <= frozen.ended_ns - frozen.started_ns


def test_a_surge_begins_with_the_window_and_ends_in_it() -> None:
    """Before it 50 a second are sent, then 500 for half a second, and 100 after it."""

    def window() -> Iterator[int]:
        return surging(schedule("fixed", 500.0), 0.5, schedule("fixed", 100.0))

    arrivals = Arrivals(schedule("fixed", 50.0), window())
    with (
        serving(answer_for_ever) as address,
        running(OpenLoop(Target(address, EXCHANGE), arrivals)) as engine,
    ):
        assert isinstance(engine, OpenLoop)
        connect(engine, 16)
        do(engine, engine.arrivals.begin)
        time.sleep(0.2)
        do(engine, engine.open_window)
        time.sleep(1.0)
        frozen = do(engine, engine.freeze)
        due = moments_before(engine, window())
        assert due > 0.5 * 500 + 0.4 * 100, "the window was a second long, or longer"
        # What was sent just before the window may have been answered in it.
        assert due <= taken(frozen) <= due + 16
