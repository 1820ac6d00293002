"""Connections are opened at a set pace: by the numbers of a clock that the test moves."""

from __future__ import annotations

import socket
import time

import pytest

from loadgen.engine.measures import Target
from loadgen.engine.rate_limiter import CATCH_UP_NS, RateLimiter
from loadgen.loads.keep_alive import KeepAlive
from tests.support.engines import EXCHANGE, do, running, until

MS = 1_000_000


def given(pace: RateLimiter, moments_ns: range) -> int:
    """How often leave is given to one who asks at each moment until it is refused."""
    count = 0
    for now in moments_ns:
        while pace.allows(now):
            count += 1
    return count


@pytest.mark.parametrize("per_s", [1, 70, 1_000, 5_000])
def test_so_many_a_second_however_often_is_asked(per_s: int) -> None:
    assert given(RateLimiter(per_s), range(0, 10_000 * MS, MS)) == pytest.approx(
        10 * per_s, abs=1 + per_s / 1_000
    )


def test_what_was_missed_is_made_up_for_within_bounds() -> None:
    pace = RateLimiter(1_000)
    assert given(pace, range(MS, 2 * MS, MS)) == 1
    assert given(pace, range(9_000 * MS, 9_001 * MS, MS)) == CATCH_UP_NS // MS + 1


def test_without_a_pace_there_is_always_leave() -> None:
    pace = RateLimiter(0)
    assert all(pace.allows(7) for _ in range(1_000))


def test_an_engine_opens_all_it_was_asked_for_at_its_pace() -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=256) as listener,
        running(KeepAlive(Target(listener.getsockname(), EXCHANGE))) as engine,
    ):
        engine.idle_silent = True
        engine.pace = RateLimiter(200)
        started = time.perf_counter_ns()
        do(engine, lambda: engine.open_idle(40))
        until(lambda: engine.gauges().idle_established == 40, engine)
        opened = sorted(engine.opened_ns(fd) for fd in engine.idle)
    # No moment saw more than the pace gives, however late the engine was.
    for number, at in enumerate(opened):
        assert number <= (at - started + CATCH_UP_NS) * 200 / 1e9 + 1
