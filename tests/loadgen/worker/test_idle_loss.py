"""What is said of idle connections that a server closed: a time-out where there is one."""

from __future__ import annotations

import socket
import time

import pytest

from loadgen.engine.measures import IdleEnds, Target
from loadgen.engine.rate_limiter import RateLimiter
from loadgen.loads.keep_alive import KeepAlive
from loadgen.worker import connect_wait
from loadgen.worker.connect_wait import await_established
from loadgen.worker.idle_loss import why_idle_were_lost
from loadgen.worker.probe_client import TrialVoid
from tests.support.closing_server import close_when_silent
from tests.support.engines import EXCHANGE, do, running, until
from tests.support.loopback import RESPONSE, serving

S = 1_000_000


@pytest.mark.parametrize(
    ("ends", "asked", "words"),
    [
        (IdleEnds(), True, ""),
        (IdleEnds((), 9 * S), True, ""),
        (
            IdleEnds((3 * S, 3_010_000, 3_040_000), 3 * S),
            True,
            "the server closes idle connections after 3 s",
        ),
        (
            IdleEnds((350_000, 352_000, 361_000), 100_000),
            False,
            "the server closes connections on which nothing is asked after 0.35 s",
        ),
        (IdleEnds((120 * S,) * 3, 0), True, "the server closes idle connections after 120 s"),
        # Others have been silent for longer.
        (
            IdleEnds((3 * S, 3 * S, 3 * S), 9 * S),
            True,
            "the server closed 3 idle connections 3 s after the last byte",
        ),
        # At odd times.
        (
            IdleEnds((1 * S, 3 * S, 9 * S), 0),
            True,
            "the server closed 3 idle connections 1 to 9 s after the last byte",
        ),
        (
            IdleEnds((89, 5_210_000), 0),
            True,
            "the server closed 2 idle connections 0 to 5.2 s after the last byte",
        ),
        (
            IdleEnds((3 * S,), 0),
            False,
            "the server closed 1 idle connection 3 s after being opened, with nothing asked",
        ),
    ],
)
def test_words(ends: IdleEnds, asked: bool, words: str) -> None:
    assert why_idle_were_lost(ends, asked=asked) == words


@pytest.mark.parametrize("asked", [True, False])
def test_a_server_with_a_time_out_is_told_by_it(asked: bool) -> None:
    with (
        serving(close_when_silent) as address,
        running(KeepAlive(Target(address, EXCHANGE))) as engine,
    ):
        engine.idle_silent = not asked
        do(engine, lambda: engine.open_idle(4))
        until(lambda: engine.gauges().idle_failed == 4, engine)
        ends = do(engine, engine.idle_ends)
    assert len(ends.closed_us) == 4
    assert all(0.15 * S < us < 3 * S for us in ends.closed_us)
    assert engine.errors == {"idle_closed_early": 4}


def test_connections_that_are_closed_before_all_are_open_are_told_by_the_time_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def impatient(connection: socket.socket, _number: int) -> None:
        connection.recv(4_096)
        connection.sendall(RESPONSE)
        time.sleep(0.5)
        connection.close()

    monkeypatch.setattr(connect_wait, "NO_PROGRESS_S", 0.5)
    with serving(impatient) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        engine.pace = RateLimiter(20.0)
        do(engine, lambda: engine.open_idle(40))
        with pytest.raises(TrialVoid) as void:
            await_established(engine, "idle", 40, 20.0, time.perf_counter() + 30.0)
    told_by = str(void.value)
    assert "of 40 idle connections were established" in told_by
    assert told_by.startswith("the server close")
    assert "closed_early" not in told_by
    assert void.value.spoiled_by == "server_wrong"


def test_one_that_never_got_its_answer_was_not_idle() -> None:
    def refuse(connection: socket.socket, _number: int) -> None:
        connection.recv(4_096)
        time.sleep(0.02)
        connection.close()

    with serving(refuse) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        do(engine, lambda: engine.open_idle(3))
        until(lambda: engine.gauges().idle_failed == 3, engine)
        assert do(engine, engine.idle_ends) == IdleEnds()
