"""What each kind of load tells of requests that a server has not answered as the window closes."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from contract.mix import Kind
from contract.result.distribution import PERCENTILES
from loadgen.engine.censoring import joined
from loadgen.engine.engine import Engine
from loadgen.engine.measures import Target, WindowCounts
from loadgen.engine.summary import summarise
from loadgen.loads.arrivals import Arrivals
from loadgen.loads.connection_per_request import ConnectionPerRequest
from loadgen.loads.keep_alive import KeepAlive
from loadgen.loads.mix import Mix
from loadgen.loads.mixed import Mixed
from loadgen.loads.open_connections import OpenConnections
from loadgen.loads.open_loop import OpenLoop
from loadgen.loads.pipelined import Pipelined
from loadgen.loads.schedule import schedule
from tests.support.engines import EXCHANGE, do, running, until
from tests.support.loopback import REQUEST, RESPONSE, serving

SECOND_US = 1_000_000
HUNG_S = 0.4
WINDOWS = 10
ATTEMPTS = 3
"""A server of a crowded machine may answer nobody for a moment: it is then asked again."""
WANTED = list(PERCENTILES.values())


class Stopping:
    """Answers until it is told to stop; from then on it hangs, and takes what comes."""

    def __init__(self, *, closes: bool = False) -> None:
        self.stopped = threading.Event()
        self.over = threading.Event()
        self.begun: set[int] = set()
        """Connections that have had an answer; a pipeline is full from then on."""
        self._closes = closes

    def __call__(self, connection: socket.socket, number: int) -> None:
        pending = b""
        while data := connection.recv(65_536):
            pending += data
            while pending.startswith(REQUEST):
                pending = pending[len(REQUEST) :]
                if self.stopped.is_set():
                    self.over.wait(60)
                    return
                connection.sendall(RESPONSE)
                self.begun.add(number)
            if self._closes:
                connection.close()
                return


def hung(make: Callable[[tuple[str, int]], Engine], connections: int) -> WindowCounts:
    """A window in which the server answers at first, and then not for HUNG_S until its end."""
    server = Stopping(closes=make in (per_request, come))
    with serving(server) as address, running(make(address)) as engine:
        do(engine, lambda: engine.want_active(connections))
        do(engine, engine.begin)
        if make in (keep_alive, pipelined, mixed):  # on each of these a request will wait
            until(lambda: len(server.begun) == connections, engine)
        until(lambda: engine.response.total() >= 50, engine)
        do(engine, engine.open_window)
        until(lambda: engine.response.total() >= 200, engine)
        server.stopped.set()
        answered = -1
        while answered < (answered := engine.response.total()):  # some answer is on its way
            time.sleep(HUNG_S / 4)
        time.sleep(HUNG_S)
        frozen: WindowCounts = do(engine, engine.freeze)
        assert engine.response.total() == frozen.requests, "only answers are requests"
        server.over.set()
        return frozen


def hung_alone(make: Callable[[tuple[str, int]], Engine], connections: int) -> WindowCounts:
    """The same of a closed loop. Where other programs held up an answer for as long as that, the
    stop would be nothing odd: such a window is not what is asked for, and another is made.
    """
    for _ in range(WINDOWS):
        frozen = hung(make, connections)
        if max(frozen.histograms["response"]) < HUNG_S * 1e6 / 4:
            return frozen
    pytest.fail(f"no window of {WINDOWS} was quick while the server answered")


def keep_alive(address: tuple[str, int]) -> Engine:
    return KeepAlive(Target(address, EXCHANGE))


def pipelined(address: tuple[str, int]) -> Engine:
    return Pipelined(Target(address, EXCHANGE), 3)


def mixed(address: tuple[str, int]) -> Engine:
    return Mixed(
        Target(address, EXCHANGE), Mix((Kind("/", 0.5), Kind("/b", 0.5)), (EXCHANGE, EXCHANGE))
    )


def per_request(address: tuple[str, int]) -> Engine:
    return ConnectionPerRequest(Target(address, EXCHANGE))


def scheduled(address: tuple[str, int]) -> Engine:
    return OpenLoop(Target(address, EXCHANGE), Arrivals(schedule("fixed", 500.0)))


def come(address: tuple[str, int]) -> Engine:
    return OpenConnections(Target(address, EXCHANGE), Arrivals(schedule("fixed", 500.0)))


def oldest_s(window: WindowCounts, name: str = "response") -> float:
    return max(window.censored[name]) / 1e6


@pytest.mark.parametrize(("make", "each"), [(keep_alive, 1), (pipelined, 3), (per_request, 1)])
def test_a_closed_loop_that_hangs_tells_of_each_request(
    make: Callable[[tuple[str, int]], Engine], each: int
) -> None:
    frozen = hung_alone(make, 8)
    assert sum(frozen.censored["response"].values()) == 8 * each
    assert oldest_s(frozen) >= HUNG_S * 0.99
    told = summarise(frozen).distributions["response"]
    assert told.times is not None
    assert told.count == frozen.requests
    assert told.censored == 8 * each
    assert {"max_us", "mean_us", "stddev_us"} <= set(told.lower_bounds)
    assert "p50_us" not in told.lower_bounds
    assert told.times.max_us == told.oldest_us
    assert told.times.max_us >= HUNG_S * 0.99e6


def test_each_kind_of_a_mix_tells_of_its_own() -> None:
    frozen = hung_alone(mixed, 8)
    parts = [frozen.censored.get(f"response {path}", {}) for path in ("/", "/b")]
    assert joined(*parts) == frozen.censored["response"]
    assert sum(frozen.censored["response"].values()) == 8


@pytest.mark.parametrize("make", [scheduled, come])
def test_an_open_loop_that_meets_a_stop_tells_of_all_that_was_due(
    make: Callable[[tuple[str, int]], Engine],
) -> None:
    connections = 4
    frozen = hung(make, connections)
    late = frozen.censored["response"]
    assert frozen.unanswered is not None
    assert sum(late.values()) == frozen.unanswered.count > 500 * HUNG_S * 0.9
    assert sum(frozen.censored["service"].values()) == connections, "the others were not sent"
    assert oldest_s(frozen) >= HUNG_S * 0.99
    told = summarise(frozen).distributions
    response = told["response"]
    assert response.times is not None
    assert response.censored == frozen.unanswered.count
    share = frozen.unanswered.count / (frozen.unanswered.count + frozen.requests)
    assert share > 0.1
    assert {"p90_us", "p99_us", "p999_us", "max_us", "mean_us"} <= set(response.lower_bounds)
    assert response.times.p99_us > HUNG_S * 0.5e6
    assert "p50_us" not in told["service"].lower_bounds


def test_an_open_loop_that_is_answered_has_no_lower_bounds_but_of_the_few() -> None:
    for _ in range(ATTEMPTS):
        frozen = answered(300)
        assert frozen.unanswered is not None
        if frozen.unanswered.count <= 0.05 * frozen.requests:
            break
    told = summarise(frozen).distributions["response"]
    assert not {"p50_us", "p90_us"} & set(told.lower_bounds)


def answered(requests: int) -> WindowCounts:
    """A window of an open loop whose server answers, that closes after so many."""
    with serving(Stopping()) as address, running(scheduled(address)) as engine:
        do(engine, lambda: engine.want_active(4))
        until(lambda: engine.first_response.total() == 4, engine)
        do(engine, engine.open_window)
        do(engine, engine.begin)
        until(lambda: engine.response.total() >= requests, engine)
        frozen: WindowCounts = do(engine, engine.freeze)
    return frozen


def test_who_waits_for_a_first_response_is_in_its_histogram() -> None:
    server = Stopping()
    server.stopped.set()
    with serving(server) as address, running(keep_alive(address)) as engine:
        do(engine, lambda: engine.want_active(3))
        until(lambda: engine.gauges().active_established == 3, engine)
        do(engine, engine.open_window)
        time.sleep(0.05)
        frozen = do(engine, engine.freeze)
        server.over.set()
    assert sum(frozen.censored["first_response"].values()) == 3
    assert sum(frozen.censored["response"].values()) == 3
    assert oldest_s(frozen) >= 0.05


def test_an_engine_that_was_late_itself_tells_so_of_what_it_did_not_send() -> None:
    with serving(Stopping()) as address, running(scheduled(address)) as engine:
        do(engine, lambda: engine.want_active(4))
        until(lambda: engine.first_response.total() == 4, engine)
        do(engine, engine.open_window)
        do(engine, engine.begin)

        def late() -> WindowCounts:
            time.sleep(0.3)
            return engine.freeze()

        frozen = do(engine, late)
    assert sum(frozen.censored["lag"].values()) >= 100
    assert oldest_s(frozen, "lag") > 0.2


# Several workers.
