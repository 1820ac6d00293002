"""The rate in parts of a window: it adds up to the requests, and shows where it changed."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from loadgen.engine.measures import Target
from loadgen.engine.pulse import PARTS, Pulse, part_ends
from loadgen.loads.keep_alive import KeepAlive
from tests.support.engines import EXCHANGE, do, running, until
from tests.support.loopback import RESPONSE, serving

SECOND = 1_000_000_000


@pytest.mark.parametrize("window_s", [1.0, 2.0, 2.5, 3_600.0])
def test_a_window_has_equal_parts_that_end_within_it(window_s: float) -> None:
    opens = 123_456_789
    ends = opens + int(window_s * SECOND)
    parts = list(part_ends(opens, ends))
    assert len(parts) == PARTS
    assert opens < parts[0]
    assert ends - PARTS < parts[-1] <= ends
    assert parts[1] - parts[0] == parts[0] - opens


def test_a_short_window_has_none() -> None:
    assert list(part_ends(0, SECOND - PARTS)) == []


def test_rates_of_parts_show_the_slow_ones_and_add_up() -> None:
    slow = threading.Event()

    def slower(connection: socket.socket, _number: int) -> None:
        while connection.recv(4_096):
            time.sleep(0.05 if slow.is_set() else 0.001)
            connection.sendall(RESPONSE)

    with serving(slower) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        do(engine, lambda: engine.want_active(4))
        pulse = Pulse(engine)
        started_ns = do(engine, engine.open_window)
        pulse.begin(started_ns)
        until(lambda: engine.response.total() >= 200, engine)
        pulse.look()
        middle_ns = time.perf_counter_ns()
        slow.set()
        seen = engine.response.total()
        until(lambda: engine.response.total() >= seen + 40, engine)
        frozen = do(engine, engine.freeze)
        ended_ns = time.perf_counter_ns()
        pulse.look()
        fast, slowed = pulse.rates_per_s()
    assert fast > 2 * slowed > 0
    counted = (fast * (middle_ns - started_ns) + slowed * (ended_ns - middle_ns)) / SECOND
    assert counted == pytest.approx(frozen.requests, rel=0.1)
