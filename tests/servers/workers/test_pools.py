"""What is special to the servers that hand work to threads, and the lesson of one that does not."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from contract.response import BODY
from servers.core.events import EventLog
from servers.core.exits import StartError
from servers.core.settings import Settings
from servers.workers import pool
from tests.support.peer import GET, PATIENCE_S, PERSISTENT, Peer, get, response
from tests.support.server_process import LateError, eventually, in_time, running

if TYPE_CHECKING:
    from collections.abc import Callable

WORKERS = 3
LONG_MS = 500


def waits(peer: Peer) -> bool:
    """Return whether nothing comes for a while."""
    peer.socket.settimeout(0.2)
    try:
        return not peer.socket.recv(1)
    except TimeoutError:
        return True
    finally:
        peer.socket.settimeout(PATIENCE_S)


def test_full_pool_leaves_the_next_in_the_accept_queue() -> None:
    with (
        running("thread_pool", "--workers", str(WORKERS)) as server,
        contextlib.ExitStack() as stack,
    ):
        before = server.descriptors()
        assert int(server.stat("Threads")) == WORKERS + 2, "and one accepts, one waits for signals"
        holding = [stack.enter_context(server.connect()) for _ in range(WORKERS)]
        assert all(peer.ask() for peer in holding)
        waiting = [stack.enter_context(server.connect()) for _ in range(2)]
        for peer in waiting:
            peer.send(GET)
        assert all(waits(peer) for peer in waiting)
        assert server.descriptors() == before + WORKERS, "those who wait hold nothing here"
        assert all(peer.ask() for peer in holding)
        for peer, freed in zip(waiting, holding, strict=False):
            freed.socket.close()
            assert peer.take(len(PERSISTENT)) == PERSISTENT
        assert holding[-1].ask()


def test_full_pool_of_idle_connections_stops() -> None:
    with (
        running("thread_pool", "--workers", "1") as server,
        server.connect() as holding,
        server.connect() as waiting,
    ):
        assert holding.ask()
        waiting.send(GET)
        assert server.stop() == 0


@pytest.mark.parametrize("variant", ["thread_pool", "epoll_hybrid"])
def test_job_longer_than_the_grace_time_does_not_hold_up_the_end(variant: str) -> None:
    flags = ("--workers", "1", "--grace-ms", "100")
    with running(variant, *flags) as server, server.connect() as peer:
        peer.send(GET + get("/db/9000"))
        assert response(peer)[0] == 200
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 8


@pytest.mark.parametrize("possible", [0, 2])
def test_pool_makes_do_with_the_threads_that_it_can_have(
    possible: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []

    def start(work: Callable[[], None], _arguments: tuple[()]) -> None:
        if len(started) == possible:
            raise RuntimeError("can't start new thread")
        started.append(work)

    monkeypatch.setattr(pool, "start_new_thread", start)
    reader, writer = os.pipe()
    settings = Settings(workers=WORKERS, switch_interval_us=5000, thread_stack_bytes=0)
    with open(reader, "rb") as lines, open(writer, "wb") as log:
        if not possible:
            with pytest.raises(StartError, match="cannot start a thread"):
                pool.start_pool(settings, EventLog("x", log.fileno()), 1, lambda: None)
            return
        told = EventLog("x", log.fileno())
        assert pool.start_pool(settings, told, 1, lambda: None) == possible
        event = json.loads(lines.readline())
    assert (event["limit"], event["value"]) == ("threads", possible)
    assert f"has {possible} instead of {WORKERS}" in event["message"]


def test_hybrid_answers_others_while_a_query_runs_and_keeps_the_order() -> None:
    def attempt() -> None:
        with (
            running("epoll_hybrid") as server,
            server.connect() as slow,
            server.connect() as other,
        ):
            asked = time.monotonic()
            slow.send(GET + get("/db/1500") + get("/bytes/5") + get("/cpu/10") + GET)
            assert response(slow)[0] == 200
            for _ in range(20):
                assert other.ask()
            if slow.has_input():  # the query may have ended before
                raise LateError
            bodies = [response(slow)[1] for _ in range(4)]
            assert bodies == [BODY, b"01234", BODY, BODY]
            assert time.monotonic() - asked >= 1.5
            assert slow.ask()

    in_time(attempt)


def test_loop_without_threads_holds_up_everyone() -> None:
    with (
        running("epoll_level") as server,
        server.connect() as slow,
        server.connect() as other,
    ):
        assert other.ask()
        started = time.monotonic()
        slow.send(GET + get(f"/db/{LONG_MS}"))
        assert response(slow)[0] == 200
        eventually(lambda: server.has_open(".sqlite3") != [], "the query has begun")
        assert other.ask()
        assert time.monotonic() - started >= 0.9 * LONG_MS / 1000


def test_hybrid_works_on_several_jobs_at_once_and_no_more_than_it_has_threads() -> None:
    with (
        running("epoll_hybrid", "--workers", "4") as server,
        contextlib.ExitStack() as stack,
    ):
        peers = [stack.enter_context(server.connect()) for _ in range(8)]
        started = time.monotonic()
        for peer in peers:
            peer.send(get("/db/1000"))
        for peer in peers:
            assert response(peer) == (200, BODY)
        assert 2 <= time.monotonic() - started < 8


@pytest.mark.parametrize("reset", [False, True])
def test_peer_that_vanishes_during_its_job_harms_nobody(reset: bool) -> None:
    with (
        running("epoll_hybrid", "--workers", "2") as server,
        server.connect() as one,
        server.connect() as two,
    ):
        for peer in (one, two):  # both threads have their descriptors of the database then
            peer.send(get("/db/1000"))
        assert response(one) == response(two) == (200, BODY)
        before = server.descriptors()
        gone = [server.connect() for _ in range(4)]
        for peer in gone:
            peer.send(get("/db/200") * 2)
        with server.connect() as first:
            assert first.ask(), "the jobs have been started"
        for peer in gone:
            if reset:
                peer.reset()
            else:
                peer.socket.close()
        with contextlib.ExitStack() as stack:
            others = [stack.enter_context(server.connect()) for _ in range(8)]
            for _ in range(20):
                assert all(peer.ask() for peer in others)
            eventually(lambda: server.descriptors() == before + 8, "the jobs' descriptors end")
            for peer in others:
                assert waits(peer), "no answer of a job reaches another connection"
                assert peer.ask()
        assert server.log() == []


def test_nothing_is_read_while_a_job_runs() -> None:
    with running("epoll_hybrid") as server, server.connect(4096) as peer:
        peer.send(get("/db/1000"))
        before = server.memory_bytes()
        whole, part = divmod(peer.send_until_stuck(GET, server.is_asleep), len(GET))
        assert server.memory_bytes() - before < 2_000_000
        peer.widen()
        assert response(peer) == (200, BODY)
        assert peer.take(whole * len(PERSISTENT)) == PERSISTENT * whole
        assert peer.ask(GET[part:])


def test_job_in_flight_is_answered_when_the_server_stops() -> None:
    with running("epoll_hybrid") as server, server.connect() as peer, server.connect() as idle:
        assert idle.ask()
        peer.send(GET + get("/db/300"))
        assert response(peer)[0] == 200
        server.process.send_signal(signal.SIGTERM)
        assert response(peer) == (200, BODY)
        assert peer.rest() == b""
        assert server.process.wait(PATIENCE_S) == 0


def test_peer_that_resets_as_its_job_ends_harms_nobody() -> None:
    """The loop is told of both at once: the answer fails, and what ends there ends once."""
    with running("epoll_hybrid") as server, contextlib.ExitStack() as stack:
        others = [stack.enter_context(server.connect()) for _ in range(150)]
        assert all(other.ask() for other in others)
        peer = server.connect()
        assert peer.ask()
        server.process.send_signal(signal.SIGSTOP)
        peer.send(get("/db/1"))
        for other in others:  # what keeps the loop busy until both have happened
            other.send(b"G / HTTP/1.1\n\n" * 1000)
        server.process.send_signal(signal.SIGCONT)
        time.sleep(0.1)
        peer.reset()
        with server.connect() as another:
            assert another.ask()
        assert server.log() == []


def test_connection_with_a_job_is_not_idle() -> None:
    with running("epoll_hybrid", "--idle-timeout-ms", "500") as server, server.connect() as peer:
        peer.send(get("/db/1300"))
        assert response(peer) == (200, BODY)
        assert peer.rest() == b"", "afterwards it is"
