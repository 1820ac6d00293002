"""A server is told to end under an open loop: what it says that it lost is what was counted."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass

import pytest

from contract.result.stop import Stopped
from loadgen.engine.engine import Engine
from loadgen.engine.measures import Target
from loadgen.engine.stop_log import StopLog
from loadgen.loads.arrivals import Arrivals
from loadgen.loads.schedule import schedule
from loadgen.loads.stopping import Stopping
from loadgen.loads.stopping_open_connections import StoppingOpenConnections
from loadgen.loads.stopping_open_loop import StoppingOpenLoop
from loadgen.verification.verify import Terms, closing_request, keep_alive_request, learn
from tests.support.engines import do, running, until
from tests.support.stopping import Said, truth_server

RATE = 300.0
CONNECTIONS = 16
KINDS = ("open_loop", "open_connections")
SECOND = 1_000_000_000


@dataclass
class Told:
    """What the engine counted, and what the server printed as it ended; nothing if killed."""

    stopped: Stopped
    said: Said


def engine_of(kind: str, address: tuple[str, int]) -> Stopping:
    arrivals = Arrivals(schedule("poisson", RATE, seed=1))
    if kind == "open_loop":
        request = keep_alive_request()
        return StoppingOpenLoop(Target(address, learn(address, request, Terms())), arrivals)
    request = closing_request(old=False)
    return StoppingOpenConnections(Target(address, learn(address, request, Terms())), arrivals)


def tell(
    kind: str, truth: str, how: int = signal.SIGTERM, goes_on_s: float = 1.6, answer_s: float = 0.02
) -> Told:
    with (
        truth_server(truth, answer_s) as (process, address),
        running(engine_of(kind, address)) as engine,
    ):
        assert isinstance(engine, Stopping)
        do(engine, lambda: engine.want_active(CONNECTIONS))
        if kind == "open_loop":
            until(lambda: engine.first_response.total() == CONNECTIONS, engine)
        do(engine, engine.begin)
        do(engine, engine.open_window)
        until(lambda: engine.response.total() >= CONNECTIONS, engine)
        counts = do(engine, engine.go_on)
        assert counts.requests >= CONNECTIONS
        assert not counts.errors, "the window has closed before"
        told_ns = time.perf_counter_ns()
        os.kill(process.pid, how)
        ends = time.perf_counter() + goes_on_s
        until(lambda: time.perf_counter() > ends, engine)
        do(engine, engine.freeze)
        log: StopLog = do(engine, engine.end_log)
        return Told(log.counts(told_ns), Said.read(process.communicate(timeout=10)[0]))


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_finishes_all_that_it_has_loses_nothing(kind: str) -> None:
    told = tell(kind, "finishes")
    stopped = told.stopped
    assert stopped.had > 0, "each answer takes 20 ms"
    assert stopped.lost == 0
    assert stopped.under_way == 0
    assert stopped.unsent_ms, "nobody listens any more"
    assert told.said.lost == 0
    # An answer that was sent before the signal, and read after it, is among ours.
    before = stopped.had + stopped.came - told.said.answered_since(stopped.told_ns)
    assert 0 <= before <= CONNECTIONS


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_loses_one_in_50_is_told_to_the_request(kind: str) -> None:
    told = tell(kind, "loses")
    stopped = told.stopped
    assert stopped.lost == told.said.lost >= 2
    assert stopped.response.count == stopped.had + stopped.came - stopped.lost
    assert stopped.response.times
    assert stopped.response.times.p50_us >= 20_000


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_is_killed_loses_what_it_had(kind: str) -> None:
    stopped = tell(kind, "finishes", signal.SIGKILL, goes_on_s=0.5, answer_s=0.4).stopped
    assert stopped.had == pytest.approx(CONNECTIONS, abs=4), "all of them wait for answers"
    assert stopped.had_lost > stopped.had / 2, "some answers were on their way"
    assert stopped.response.count == stopped.had + stopped.came - stopped.lost
    assert stopped.under_way == 0
    due = sum(stopped.unsent_ms.values())
    assert due > 0.4 * RATE, "what waited for a connection, and what came later"
    assert stopped.unsent_within(0.25) < due


def test_what_had_ended_before_the_signal_is_none_of_it() -> None:
    log = StopLog()
    log.answer(sent=0, due=0, now=SECOND - 1)
    log.lose(sent=0, now=SECOND - 1)
    log.answer(sent=SECOND - 1, due=SECOND - 1_000_000, now=SECOND + 1_000_000)
    log.lose(sent=SECOND - 1, now=SECOND)
    log.answer(sent=SECOND + 5, due=SECOND + 5, now=SECOND + 3_000_005)
    log.lose(sent=SECOND + 5, now=SECOND + 6)
    log.leave_unsent(due=SECOND - 1)
    log.leave_unsent(due=SECOND + 7_900_000)
    log.end([(SECOND - 2, SECOND - 2), (SECOND + 2, SECOND + 2)], 3 * SECOND)
    stopped = log.counts(SECOND)
    assert (stopped.had, stopped.had_lost, stopped.came, stopped.came_lost) == (3, 1, 3, 1)
    assert (stopped.under_way, stopped.had_open, stopped.came_open) == (2, 1, 1)
    assert stopped.under_way_ms == {"1999": 1, "2000": 1}
    assert stopped.unsent_ms == {"0": 1, "7": 1}
    assert stopped.unsent_within(0.007) == 1
    assert stopped.response.count == 2
    assert stopped.response.times
    assert stopped.response.times.max_us == pytest.approx(3_000, rel=0.001)


def test_what_was_lost_just_before_is_lost_by_the_stop_where_its_moment_is_not_known() -> None:
    log = StopLog()
    for before_ns in (0, 1, 2_000_000, 2_000_001):
        log.lose(sent=0, now=SECOND - before_ns)
    assert (log.counts(SECOND).had, log.counts(SECOND).had_lost) == (1, 1)
    wider = log.counts(SECOND, bound_ns=2_000_000)
    assert (wider.had, wider.had_lost, wider.lost) == (3, 3, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_what_has_no_answer_as_the_load_ends_is_known_with_its_age(kind: str) -> None:
    stopped = tell(kind, "finishes", goes_on_s=0.3, answer_s=1.0).stopped
    assert stopped.lost == 0
    assert stopped.had_open >= CONNECTIONS - 4
    assert stopped.came_open == stopped.under_way - stopped.had_open
    assert stopped.under_way_for(290) >= stopped.had_open
    assert stopped.under_way_for(60_000) == 0


def test_an_engine_whose_window_has_not_ended_has_no_log() -> None:
    with (
        truth_server("finishes") as (_, address),
        running(engine_of("open_loop", address)) as engine,
    ):
        assert isinstance(engine, Engine)
        assert isinstance(engine, Stopping)
        with pytest.raises(ValueError, match="has not ended"):
            engine.end_log()
