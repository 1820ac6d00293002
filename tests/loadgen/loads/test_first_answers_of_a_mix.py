"""With a mix, too, a client that has had no answer yet waits among the response times."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from contract.mix import Kind
from loadgen.engine.engine import Engine
from loadgen.engine.measures import Target
from loadgen.loads.keep_alive import KeepAlive
from loadgen.loads.mix import Mix
from loadgen.loads.mixed import Mixed
from tests.support.engines import EXCHANGE, do, running, until
from tests.support.loopback import answer_for_ever, serving

CLIENTS, SERVED = 5, 2
WINDOW_S = LATE_S = 0.4


def mixed(address: tuple[str, int]) -> Engine:
    kinds = (Kind("/", 0.5), Kind("/b", 0.5))
    return Mixed(Target(address, EXCHANGE), Mix(kinds, (EXCHANGE, EXCHANGE)))


def keep_alive(address: tuple[str, int]) -> Engine:
    return KeepAlive(Target(address, EXCHANGE))


@pytest.mark.parametrize("make", [keep_alive, mixed])
def test_clients_that_are_never_served_are_unanswered(
    make: Callable[[tuple[str, int]], Engine],
) -> None:
    over = threading.Event()

    def few(connection: socket.socket, number: int) -> None:
        if number <= SERVED:
            answer_for_ever(connection, number)
        over.wait(60)

    with serving(few) as address, running(make(address)) as engine:
        do(engine, lambda: engine.want_active(CLIENTS))
        until(lambda: engine.gauges().active_established == CLIENTS, engine)
        until(lambda: engine.response.total() >= 50, engine)
        do(engine, engine.open_window)
        time.sleep(WINDOW_S)
        frozen = do(engine, engine.freeze)
        over.set()
    ages = frozen.censored.get("response", {})
    assert sum(ages.values()) >= CLIENTS - SERVED
    # Little's law, by which the trial is judged: else it is void, by the load.
    both = (frozen.histograms["response"], ages)
    spent_us = sum(us * count for one in both for us, count in one.items())
    window_us = (frozen.ended_ns - frozen.started_ns) / 1e3
    assert spent_us / (window_us * CLIENTS) > 0.9


@pytest.mark.parametrize("make", [keep_alive, mixed])
def test_a_first_answer_that_comes_late_in_the_window_is_a_long_response(
    make: Callable[[tuple[str, int]], Engine],
) -> None:
    def late(connection: socket.socket, number: int) -> None:
        time.sleep(LATE_S)
        answer_for_ever(connection, number)

    with serving(late) as address, running(make(address)) as engine:
        do(engine, engine.open_window)
        do(engine, lambda: engine.want_active(SERVED))
        until(lambda: engine.first_response.total() == SERVED, engine)
        until(lambda: engine.response.total() >= 20, engine)
        frozen = do(engine, engine.freeze)
    long = sum(n for us, n in frozen.histograms["response"].items() if us >= 0.9e6 * LATE_S)
    assert long >= SERVED
