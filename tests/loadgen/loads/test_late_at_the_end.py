"""What was due while the engine stood still is in the window, also where the load goes on."""

from __future__ import annotations

import time

import pytest

from loadgen.engine.measures import Target, WindowCounts
from loadgen.loads.arrivals import Arrivals
from loadgen.loads.schedule import schedule
from loadgen.loads.stopping import Stopping
from loadgen.loads.stopping_open_connections import StoppingOpenConnections
from loadgen.loads.stopping_open_loop import StoppingOpenLoop
from tests.support.engines import EXCHANGE, do, running, until
from tests.support.loopback import answer_for_ever, answer_once, serving

RATE, LATE_S, CONNECTIONS = 500.0, 0.3, 4
KINDS = {"open_loop": StoppingOpenLoop, "open_connections": StoppingOpenConnections}


@pytest.mark.parametrize("kind", KINDS)
def test_a_stall_of_the_engine_at_the_very_end_is_told(kind: str) -> None:
    handle = answer_for_ever if kind == "open_loop" else answer_once
    arrivals = Arrivals(schedule("fixed", RATE))
    with (
        serving(handle) as address,
        running(KINDS[kind](Target(address, EXCHANGE), arrivals)) as engine,
    ):
        assert isinstance(engine, Stopping)
        do(engine, lambda: engine.want_active(CONNECTIONS))
        if kind == "open_loop":
            until(lambda: engine.first_response.total() == CONNECTIONS, engine)
        do(engine, engine.begin)
        do(engine, engine.open_window)
        until(lambda: engine.response.total() >= 20, engine)

        def late() -> WindowCounts:
            time.sleep(LATE_S)  # in the engine's thread
            return engine.go_on()

        counts: WindowCounts = do(engine, late)
    assert counts.unanswered
    due = (counts.ended_ns - counts.started_ns) / 1e9 * RATE
    told = counts.requests + sum(counts.errors.values()) + counts.unanswered.count
    assert told == pytest.approx(due, abs=0.02 * due + 6)
    assert counts.unanswered.oldest_us >= 0.9e6 * LATE_S
