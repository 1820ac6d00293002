"""What is special to a process for each connection: who is born, who owns what, who is buried."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.support import server_process
from tests.support.peer import GET, PATIENCE_S, get, response
from tests.support.server_process import eventually, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server_process import Server

NAME = "process_per_connection"
FAILING_FORK = """
import errno, itertools, os, sys
real, calls = os.fork, itertools.count(1)
def fork():
    if next(calls) in range(3, 8):
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return real()
os.fork = fork
from servers.__main__ import main
sys.exit(main())
"""


@pytest.fixture
def forking() -> Iterator[Server]:
    with running(NAME) as process:
        yield process


def children(server: Server) -> list[int]:
    return server.processes()[1:]


def sockets(pid: int) -> set[str]:
    links = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
    return {link for link in links if link.startswith("socket:")}


def test_each_connection_has_a_process_that_owns_nothing_else(forking: Server) -> None:
    listening = sockets(forking.pid)
    descriptors = forking.descriptors()
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(forking.connect()) for _ in range(5)]
        assert all(peer.ask() for peer in peers)
        pids = children(forking)
        assert len(pids) == len(peers)
        owned = [sockets(pid) for pid in pids]
        assert all(len(own - listening) == 1 for own in owned)
        assert len(set.union(*owned) - listening) == len(peers)
        assert all(len(os.listdir(f"/proc/{pid}/fd")) == 4 for pid in pids), "stdio, and its own"
        eventually(
            lambda: len(os.listdir(f"/proc/{forking.pid}/fd")) == descriptors,
            "the parent keeps no connection",
        )
    eventually(lambda: children(forking) == [], "no process and no zombie is left")


def test_killed_child_ends_its_own_connection_alone(forking: Server) -> None:
    with forking.connect() as first:
        assert first.ask()
        (child,) = children(forking)
        with forking.connect() as second:
            assert second.ask()
            os.kill(child, signal.SIGKILL)
            assert first.rest() == b""
            assert second.ask()
    with forking.connect() as third:
        assert third.ask()
    eventually(lambda: children(forking) == [], "no process and no zombie is left")
    assert forking.log() == []


def test_child_told_to_end_answers_what_it_has_received(forking: Server) -> None:
    with forking.connect() as first:
        first.send(GET + get("/db/300"))
        assert response(first)[0] == 200
        (child,) = children(forking)
        os.kill(child, signal.SIGTERM)
        assert response(first)[0] == 200
        assert first.rest() == b""
    with forking.connect() as second:
        assert second.ask(), "the parent has not been told"
        assert forking.process.poll() is None


@pytest.mark.parametrize("grace_ms", [100, 60_000])
def test_stopping_leaves_no_process(grace_ms: int) -> None:
    with (
        running(NAME, "--grace-ms", str(grace_ms)) as server,
        contextlib.ExitStack() as stack,
    ):
        peers = [stack.enter_context(server.connect()) for _ in range(20)]
        assert all(peer.ask() for peer in peers)
        greedy = stack.enter_context(server.connect(4096))
        assert greedy.ask()
        greedy.send_until_stuck(GET, server.is_asleep)
        pids = server.processes()
        assert len(pids) == 22
        server.process.send_signal(signal.SIGTERM)
        assert all(peer.rest() == b"" for peer in peers)
        if grace_ms > PATIENCE_S * 1000:
            assert server.process.poll() is None, "one is in flight still"
            server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE_S) == 0
        assert not any(psutil.pid_exists(pid) for pid in pids[1:])


def test_fork_that_fails_costs_one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def command(*arguments: str) -> list[str]:
        return [sys.executable, "-c", FAILING_FORK, *arguments]

    monkeypatch.setattr(server_process, "command", command)
    with running(NAME) as server, server.connect() as first, server.connect() as second:
        assert first.ask()
        assert second.ask()
        for _ in range(5):
            with server.connect() as refused:
                assert refused.is_refused()
        with server.connect() as later:
            assert later.ask()
        assert first.ask()
        eventually(lambda: bool(server.log()), "the event is told")
        (event,) = server.log()
        assert (event["limit"], event["value"]) == ("processes", 2)
        assert "raise the pids limit" in event["message"]
        assert server.stop() == 0
