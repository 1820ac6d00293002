"""Idle connections that stay silent, trickle, or come and go."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections import defaultdict

import pytest

from loadgen.clients import trickle_and_churn
from loadgen.clients.trickle_and_churn import AT_ONCE, LONGEST_HEAD, START, TICK_S, TrickleAndChurn
from loadgen.engine.engine import Engine
from loadgen.engine.measures import Target
from loadgen.loads.keep_alive import KeepAlive
from servers.core.settings import Settings as ServerSettings
from tests.support.engines import EXCHANGE, do, running, until
from tests.support.loopback import REQUEST, RESPONSE, serving, unused_address

IDLE = 20


class Listening:
    """A server that answers the first request of each connection and keeps what comes later."""

    def __init__(self) -> None:
        self.later: dict[int, bytes] = defaultdict(bytes)
        self.ended = threading.Semaphore(0)
        self.ended_first: set[int] = set()
        self.asked = 0

    def __call__(self, connection: socket.socket, number: int) -> None:
        self.later[number] = b""
        try:
            connection.recv(len(REQUEST))
            self.asked += 1
            connection.sendall(RESPONSE)
            while data := connection.recv(4_096):
                self.later[number] += data
        finally:
            if number <= IDLE:
                self.ended_first.add(number)
            self.ended.release()


def look_after(engine: Engine, idle_ones: TrickleAndChurn, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(TICK_S)
        do(engine, lambda: idle_ones.tick(time.monotonic()))


def open_idle(engine: Engine) -> None:
    do(engine, lambda: engine.open_idle(IDLE))
    until(lambda: engine.gauges().idle_established == IDLE, engine)


def test_a_trickle_is_a_byte_a_period_from_each_and_one_endless_request() -> None:
    server = Listening()
    with serving(server) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        assert isinstance(engine, KeepAlive)
        open_idle(engine)
        idle_ones = TrickleAndChurn(engine, time.monotonic(), trickle_per_s=50)
        look_after(engine, idle_ones, 1.5)
        until(lambda: engine._chore is None, engine)
        until(lambda: sum(map(len, server.later.values())) == idle_ones.trickled, engine)
        assert engine.errors == {}
    lengths = sorted(map(len, server.later.values()))
    assert lengths[0] > len(START)
    assert lengths[-1] - lengths[0] <= 2
    assert set(server.later.values()) <= {
        START + b"a" * (length - len(START)) for length in lengths
    }


def test_what_is_due_is_done_a_little_at_a_time() -> None:
    """Between two batches of events at most AT_ONCE: the sends of a tick pause nobody."""
    server = Listening()
    with serving(server) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        open_idle(engine)
        idle_ones = TrickleAndChurn(engine, 0.0, trickle_per_s=1)
        rounds: list[int] = []
        chore = idle_ones._work

        def counted() -> bool:
            before = idle_ones.trickled
            more = chore()
            rounds.append(idle_ones.trickled - before)
            return more

        idle_ones._work = counted  # type: ignore[method-assign]
        do(engine, lambda: idle_ones.tick(1.0))
        until(lambda: engine._chore is None, engine)
        assert idle_ones.trickled == IDLE
        assert max(rounds) == AT_ONCE
        assert len(rounds) > IDLE // AT_ONCE
        do(engine, lambda: idle_ones.tick(1.0))  # nothing is due
        until(lambda: engine._chore is None, engine)
        assert idle_ones.trickled == IDLE


def test_a_lost_connection_has_no_turn_and_its_number_starts_anew() -> None:
    server = Listening()
    with serving(server) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        open_idle(engine)
        idle_ones = TrickleAndChurn(engine, 0.0, trickle_per_s=1)
        do(engine, lambda: idle_ones.tick(3.0))
        until(lambda: engine._chore is None, engine)
        before = idle_ones.trickled
        assert before == IDLE  # what was missed for longer is not made up for
        do(engine, lambda: engine.replace_idle(min(engine.idle)))
        until(lambda: engine.gauges().idle_established == IDLE, engine)
        do(engine, lambda: idle_ones.tick(4.0))
        until(lambda: idle_ones.trickled == before + IDLE, engine)
        until(lambda: sum(map(len, server.later.values())) == idle_ones.trickled, engine)
    assert sorted(map(len, server.later.values())) == [1, 1] + [2] * (IDLE - 1)


def test_churn_replaces_a_share_and_keeps_the_number() -> None:
    server = Listening()
    with serving(server) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        assert isinstance(engine, KeepAlive)
        open_idle(engine)
        idle_ones = TrickleAndChurn(engine, time.monotonic(), churn_per_s=0.5)
        look_after(engine, idle_ones, 2.0)
        until(lambda: engine._chore is None, engine)
        assert 0.6 * IDLE < idle_ones.replaced < 1.5 * IDLE
        until(lambda: engine.gauges().idle_established == IDLE, engine)
        for _ in range(idle_ones.replaced):
            assert server.ended.acquire(timeout=10)
        assert engine.errors == {}
        assert server.asked == IDLE + idle_ones.replaced
        # Each had its chance: with replacements drawn, 63% of the first ones have gone.
        assert len(server.ended_first) > 0.3 * IDLE


def test_silent_connections_are_established_and_say_nothing() -> None:
    heard: list[bytes] = []

    def listen(connection: socket.socket, _number: int) -> None:
        heard.append(connection.recv(4_096))

    with serving(listen) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        engine.idle_silent = True
        open_idle(engine)
        time.sleep(0.1)
        assert heard == []
        assert engine.errors == {}


def test_silent_connections_that_are_refused_have_a_name() -> None:
    address = unused_address()
    with running(KeepAlive(Target(address, EXCHANGE))) as engine:
        engine.idle_silent = True
        do(engine, lambda: engine.open_idle(2))
        until(lambda: engine.gauges().idle_failed == 2, engine)
        assert engine.errors == {"idle_connect_refused": 2}


def test_a_trickle_begins_anew_before_its_head_is_longer_than_servers_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    longest = 60
    monkeypatch.setattr(trickle_and_churn, "LONGEST_HEAD", longest)
    server = Listening()
    with serving(server) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        open_idle(engine)
        idle_ones = TrickleAndChurn(engine, 0.0, trickle_per_s=1)
        moments = itertools.count(1.0)
        while idle_ones.replaced < 2 * IDLE:
            do(engine, lambda: idle_ones.tick(next(moments)))
            until(lambda: engine._chore is None, engine)
            until(lambda: engine.gauges().idle_established == IDLE, engine)
            # A reset takes with it what the server has not read.
            until(lambda: sum(map(len, server.later.values())) == idle_ones.trickled, engine)
        assert engine.errors == {}
    lengths = [len(said) for said in server.later.values()]
    assert max(lengths) <= longest
    ended = sorted(lengths, reverse=True)[: idle_ones.replaced]
    assert min(ended) >= longest // 2
    assert len(set(ended)) > IDLE // 4, "those that began together do not all end together"


def test_the_longest_trickle_is_shorter_than_the_heads_that_our_servers_take() -> None:
    assert min(ServerSettings().request_limit_bytes, 4_096) > LONGEST_HEAD
