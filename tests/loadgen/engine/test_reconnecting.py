"""A server ends connections that were to stay: the load goes on, and nothing gets lost of it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import get_args

import pytest

from contract.mix import Kind
from contract.request import Request
from loadgen.engine.engine import Engine
from loadgen.engine.measures import Exchange, Target, WindowCounts
from loadgen.loads.arrivals import Arrivals
from loadgen.loads.keep_alive import KeepAlive
from loadgen.loads.mix import Mix
from loadgen.loads.mixed import Mixed
from loadgen.loads.open_loop import OpenLoop
from loadgen.loads.pipelined import Pipelined
from loadgen.loads.schedule import schedule
from tests.support.closing_server import ClosingServer, How, close_when_silent
from tests.support.engines import EXCHANGE, do, running, until
from tests.support.loopback import RESPONSE, serving

Make = Callable[[tuple[str, int]], Engine]
CLIENTS = 4
LIMIT = 7
RATE = 400.0
POST = Request(method="POST", body="x=1").encoded("1.1")


def mixed(address: tuple[str, int]) -> Engine:
    kinds = (Kind("/", 0.5), Kind("/longer", 0.5))
    longer = Exchange(Request(path="/longer").encoded("1.1"), RESPONSE)
    return Mixed(Target(address, EXCHANGE), Mix(kinds, (EXCHANGE, longer)))


KINDS: dict[str, Make] = {
    "keep_alive": lambda address: KeepAlive(Target(address, EXCHANGE)),
    "mixed": mixed,
    "pipelined": lambda address: Pipelined(Target(address, EXCHANGE), 3),
    "open_loop": lambda address: OpenLoop(
        Target(address, EXCHANGE), Arrivals(schedule("fixed", RATE))
    ),
}
CLOSED = [kind for kind in KINDS if kind != "open_loop"]
ENDINGS = get_args(How)


def loaded(make: Make, server: ClosingServer, reconnects: int = 30) -> WindowCounts:
    """All that was counted from the first connection until so many were replaced."""
    with serving(server) as address, running(make(address)) as engine:
        do(engine, engine.open_window)
        do(engine, lambda: engine.want_active(CLIENTS))
        do(engine, engine.begin)
        until(lambda: engine.ends().reconnects >= reconnects, engine)
        frozen: WindowCounts = do(engine, engine.freeze)
        return frozen


@pytest.mark.parametrize("how", ENDINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_end_is_counted_with_the_requests_before_it_and_none_is_an_error(
    kind: str, how: How
) -> None:
    frozen = loaded(KINDS[kind], ClosingServer(LIMIT, how))
    assert frozen.errors == {}
    assert frozen.ends.reconnects >= 30
    answered = frozen.ends.answered
    assert sum(answered.values()) == frozen.ends.reconnects
    assert max(answered) == LIMIT
    # A reset throws away what had come and was not read: one answer of a pipeline, at times.
    whole = how != "reset" or kind != "pipelined"
    assert answered[LIMIT] == frozen.ends.reconnects if whole else answered[LIMIT] >= 15
    # Each connection that ended was replaced, but for those that are being opened.
    assert 0 <= CLIENTS + frozen.ends.reconnects - frozen.connects <= CLIENTS


@pytest.mark.parametrize(
    ("kind", "how", "each"),
    [
        ("keep_alive", "header", 0),
        ("keep_alive", "unanswered", 1),
        ("keep_alive", "reset", 1),
        ("mixed", "header", 0),
        ("mixed", "unanswered", 1),
        ("mixed", "reset", 1),
        ("open_loop", "header", 0),
        ("open_loop", "unanswered", 1),
    ],
)
def test_what_was_under_way_is_sent_again_and_nothing_else(kind: str, how: How, each: int) -> None:
    frozen = loaded(KINDS[kind], ClosingServer(LIMIT, how))
    assert frozen.ends.resent == each * frozen.ends.reconnects


def test_a_pipeline_is_sent_again_but_for_what_had_not_left() -> None:
    frozen = loaded(KINDS["pipelined"], ClosingServer(LIMIT, "unanswered"))
    assert 2 * frozen.ends.reconnects <= frozen.ends.resent <= 3 * frozen.ends.reconnects


def test_a_close_that_comes_with_the_answer_is_seen_before_the_next_request_leaves() -> None:
    """Both are in the socket when the engine looks at it."""

    def answer(connection: socket.socket, _number: int) -> None:
        connection.recv(4_096)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        connection.sendall(RESPONSE)
        connection.shutdown(socket.SHUT_WR)  # in one segment
        connection.recv(4_096)
        connection.close()

    for kind in ("keep_alive", "mixed", "pipelined"):
        with serving(answer) as address, running(KINDS[kind](address)) as engine:
            do(engine, lambda: engine.want_active(2))
            until(lambda: engine.ends().reconnects >= 20, engine)
            frozen = do(engine, engine.freeze)
        assert frozen.errors == {}
        assert frozen.ends.resent == 0, kind
        assert set(frozen.ends.answered) == {1}


@pytest.mark.parametrize("how", ENDINGS)
@pytest.mark.parametrize("kind", CLOSED)
def test_no_time_is_lost_in_a_closed_loop(kind: str, how: How) -> None:
    """Little's law: the times of all clients together are as long as the window is for each."""
    slow_s = 0.02
    with (
        serving(ClosingServer(LIMIT, how, slow_s=slow_s)) as address,
        running(KINDS[kind](address)) as engine,
    ):
        do(engine, lambda: engine.want_active(CLIENTS))
        until(lambda: engine.ends().reconnects >= CLIENTS, engine)
        do(engine, engine.open_window)
        until(lambda: engine.ends().reconnects >= 40, engine)
        frozen = do(engine, engine.freeze)
    spent_us = sum(us * count for us, count in frozen.histograms["response"].items())
    window_us = (frozen.ended_ns - frozen.started_ns) / 1e3
    depth = 3 if kind == "pipelined" else 1
    assert spent_us / (window_us * CLIENTS * depth) == pytest.approx(1, abs=0.15)
    assert frozen.covered == CLIENTS


@pytest.mark.parametrize("how", ENDINGS)
def test_all_that_was_due_in_an_open_loop_is_answered_or_waits(how: How) -> None:
    slow_s = 0.01
    server = ClosingServer(LIMIT, how, slow_s=slow_s)
    frozen = loaded(KINDS["open_loop"], server, 20)
    assert frozen.unanswered is not None
    due = (frozen.ended_ns - frozen.started_ns) / 1e9 * RATE
    # The first requests of the first connections are beside the schedule.
    assert frozen.requests + frozen.unanswered.count == pytest.approx(due, abs=0.02 * due + 4)
    assert frozen.errors == {}
    waited = sum(n for us, n in frozen.histograms["response"].items() if us >= slow_s * 1e6)
    assert waited >= frozen.ends.resent - CLIENTS


def test_a_free_connection_that_is_closed_costs_nothing() -> None:
    arrivals = Arrivals(schedule("fixed", 5.0))
    with (
        serving(close_when_silent) as address,
        running(OpenLoop(Target(address, EXCHANGE), arrivals)) as engine,
    ):
        do(engine, lambda: engine.want_active(8))
        do(engine, engine.begin)
        until(lambda: engine.ends().reconnects >= 40, engine)
        frozen = do(engine, engine.freeze)
    assert frozen.errors == {}
    assert frozen.requests >= 3


# The nearest neighbours.


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reset", [False, True])
def test_an_end_in_the_middle_of_an_answer_is_an_error(kind: str, reset: bool) -> None:
    def cut(connection: socket.socket, _number: int) -> None:
        for _ in range(3):
            connection.recv(4_096)
            connection.sendall(RESPONSE)
        connection.recv(4_096)
        connection.sendall(RESPONSE[:20])
        time.sleep(0.002)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        connection.close()

    with serving(cut) as address, running(KINDS[kind](address)) as engine:
        do(engine, lambda: engine.want_active(2))
        do(engine, engine.begin)
        until(lambda: engine.errors.total() >= 10, engine)
        frozen = do(engine, engine.freeze)
    assert frozen.errors.keys() <= {"closed_early", "reset"}
    assert frozen.errors.keys() >= ({"reset"} if reset else {"closed_early"})
    if kind != "pipelined":  # whose answers this server may give together
        assert frozen.ends.reconnects == 0


@pytest.mark.parametrize("kind", KINDS)
def test_an_end_before_the_first_answer_is_an_error_and_no_storm(kind: str) -> None:
    def refuse(connection: socket.socket, _number: int) -> None:
        connection.recv(4_096)
        connection.close()

    with serving(refuse) as address, running(KINDS[kind](address)) as engine:
        do(engine, engine.open_window)
        do(engine, lambda: engine.want_active(1))
        do(engine, engine.begin)
        time.sleep(0.2)
        frozen = do(engine, engine.freeze)
    assert frozen.errors.keys() == {"closed_early"}
    assert 1 <= frozen.errors["closed_early"] <= 25  # one each 10 ms
    assert frozen.ends.reconnects == frozen.ends.resent == 0


@pytest.mark.parametrize(("how", "kinds"), [("unanswered", {"not_resent"}), ("header", set())])
def test_a_post_is_not_sent_again(how: How, kinds: set[str]) -> None:
    server = ClosingServer(LIMIT, how, body_bytes=3)
    with (
        serving(server) as address,
        running(KeepAlive(Target(address, Exchange(POST, RESPONSE)))) as engine,
    ):
        do(engine, engine.open_window)
        do(engine, lambda: engine.want_active(1))
        until(lambda: server.taken >= 100, engine)
        frozen = do(engine, engine.freeze)
        time.sleep(0.02)
        taken = server.taken
    assert set(frozen.errors) == kinds
    assert frozen.ends.resent == 0
    # One may be under way.
    assert 0 <= taken - frozen.requests - frozen.errors.get("not_resent", 0) <= 1


def test_another_method_of_a_mix_is_not_sent_again() -> None:
    kinds = (Kind("read", 0.5), Kind("buy", 0.5))
    mix = Mix(
        kinds, (Exchange(Request(body="x=1").encoded("1.1"), RESPONSE), Exchange(POST, RESPONSE))
    )
    server = ClosingServer(LIMIT, "unanswered", body_bytes=3)
    frozen = loaded(lambda address: Mixed(Target(address, mix.exchanges[0]), mix), server)
    assert frozen.errors.keys() == {"not_resent"}
    assert frozen.ends.resent == frozen.ends.reconnects > 0


def test_fewer_connections_are_wanted_while_some_are_being_replaced() -> None:
    with (
        serving(ClosingServer(1, "at_once")) as address,
        running(KeepAlive(Target(address, EXCHANGE))) as engine,
    ):
        do(engine, lambda: engine.want_active(20))
        until(lambda: engine.ends().reconnects >= 50, engine)
        do(engine, lambda: engine.want_active(2))
        before = engine.ends().reconnects
        until(lambda: engine.ends().reconnects >= before + 50, engine)
        assert engine.gauges().active_established <= 2
        assert do(engine, engine.freeze).errors == {}


def test_a_head_is_answered_without_a_body() -> None:
    head = Request(method="HEAD").encoded("1.1")
    answer = RESPONSE.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"

    def heads(connection: socket.socket, _number: int) -> None:
        while connection.recv(4_096):
            connection.sendall(answer)

    with (
        serving(heads) as address,
        running(KeepAlive(Target(address, Exchange(head, answer)))) as engine,
    ):
        do(engine, lambda: engine.want_active(2))
        until(lambda: engine.response.total() >= 100, engine)
        assert do(engine, engine.freeze).errors == {}
