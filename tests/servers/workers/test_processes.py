"""Several processes on one port: all of them serve, and none of them is missed for long."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from experiments.paths import ROOT
from tests.support import server_process
from tests.support.peer import PATIENCE_S, PERSISTENT
from tests.support.server_process import LateError, eventually, in_time, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server_process import Server

COUNT = 2
WORKERS = ("--workers", str(COUNT))
MANY = 40  # connections; that one of two listeners gets none of them by chance will not be seen
SHARED = [
    ("prefork",),
    ("prefork_epoll", "--epoll-exclusive", "on"),
    ("prefork_epoll", "--epoll-exclusive", "off"),
]
ALL = [*SHARED, ("reuseport_epoll",)]


@pytest.fixture(params=ALL, ids=" ".join)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server with workers, for one test alone."""
    with running(*request.param, *WORKERS) as process:
        yield process


def workers(server: Server) -> list[int]:
    return server.processes()[1:]


def sockets(pid: int) -> int:
    """Return how many sockets a process holds."""
    count = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            count += os.readlink(entry).startswith("socket:")
    return count


def held(server: Server, before: dict[int, int]) -> list[int]:
    """Return how many connections the workers hold, the fewest first."""
    return sorted(sockets(pid) - before[pid] for pid in workers(server))


def has_ended(pid: int) -> bool:
    """Tell whether a process has ended; one that nobody has reaped yet has ended as well."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def epoll_events(pid: int) -> list[int]:
    """Return what a process has asked epoll to tell of each descriptor, as /proc shows it."""
    folder = Path(f"/proc/{pid}")
    (epoll,) = (fd.name for fd in (folder / "fd").iterdir() if "eventpoll" in os.readlink(fd))
    lines = (folder / "fdinfo" / epoll).read_text(encoding="ascii").splitlines()
    return [int(line.split()[3], base=16) for line in lines if line.startswith("tfd:")]


def listeners(server: Server) -> int:
    """Return how many sockets listen on the server's port."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()
    local, listens = f"0100007F:{server.port:04X}", "0A"
    return sum(line.split()[1:4:2] == [local, listens] for line in lines)


def query(milliseconds: int) -> bytes:
    return b"GET /db/%d HTTP/1.1\r\nHost: lab\r\n\r\n" % milliseconds


@pytest.mark.parametrize("shared", SHARED, ids=" ".join)
def test_busy_worker_leaves_the_next_connection_to_another(shared: tuple[str, ...]) -> None:
    def attempt() -> None:
        with running(*shared, *WORKERS) as server, contextlib.ExitStack() as stack:
            before = {pid: sockets(pid) for pid in workers(server)}
            first = stack.enter_context(server.connect())
            first.send(query(2000))
            eventually(lambda: server.has_open(".sqlite3") != [], "one worker is busy")
            one = held(server, before)
            second = stack.enter_context(server.connect())
            assert second.ask()
            both = held(server, before)
            if first.has_input():  # the worker may not have been busy any more
                raise LateError
            assert (one, both) == ([0, 1], [1, 1])
            assert first.take(len(PERSISTENT)) == PERSISTENT

    in_time(attempt)


def test_each_listener_gets_connections() -> None:
    with running("reuseport_epoll", *WORKERS) as server, contextlib.ExitStack() as stack:
        before = {pid: sockets(pid) for pid in workers(server)}
        peers = [stack.enter_context(server.connect()) for _ in range(MANY)]
        assert all(peer.ask() for peer in peers)
        fewest, most = held(server, before)
        assert fewest > 0
        assert fewest + most == MANY


def test_workers_share_one_database(server: Server) -> None:
    def files() -> int:
        return len(list(Path(tempfile.gettempdir()).glob(f"c10k-{server.pid}-*.sqlite3")))

    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(server.connect()) for _ in range(COUNT)]
        for peer in peers:
            peer.send(query(100))
        assert all(peer.take(len(PERSISTENT)) == PERSISTENT for peer in peers)
    assert files() == 1
    assert server.stop() == 0
    assert files() == 0


@pytest.mark.parametrize(
    ("name", "count"), [("prefork", 1), ("prefork_epoll", 1), ("reuseport_epoll", COUNT)]
)
def test_listeners(name: str, count: int) -> None:
    with running(name, *WORKERS) as server:
        assert listeners(server) == count


@pytest.mark.parametrize(("switch", "count"), [("on", 1), ("off", 0)])
def test_listener_is_watched_as_the_setting_says(switch: str, count: int) -> None:
    with running("prefork_epoll", *WORKERS, "--epoll-exclusive", switch) as server:
        for pid in workers(server):
            watched = epoll_events(pid)
            assert len(watched) == 2, "the listener and the signal"
            assert sum(bool(events & select.EPOLLEXCLUSIVE) for events in watched) == count


@pytest.mark.parametrize(
    ("number", "how"), [(signal.SIGKILL, "SIGKILL"), (signal.SIGTERM, "exit code 0")]
)
def test_worker_that_ends_is_replaced(server: Server, number: signal.Signals, how: str) -> None:
    victim, other = workers(server)
    os.kill(victim, number)
    eventually(lambda: bool(server.log()), "its end is told")
    assert server.log() == [{"event": "replaced", "pid": victim, "how": how}]
    for _ in range(COUNT):
        with server.connect() as peer:
            assert peer.ask()
    eventually(lambda: len(workers(server)) == COUNT, "another takes its place")
    assert victim not in workers(server)
    assert other in workers(server)
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(server.connect()) for _ in range(COUNT)]
        assert all(peer.ask() for peer in peers)
    assert server.stop() == 0
    assert len(server.log()) == 1


def test_workers_end_with_their_parent(server: Server) -> None:
    pids = workers(server)
    with server.connect() as busy:
        busy.send(query(10_000))
        os.kill(server.pid, signal.SIGKILL)
        try:
            eventually(lambda: all(map(has_ended, pids)), "no worker outlives its parent")
        finally:
            for pid in pids:  # nobody else knows them any more
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("shared", SHARED, ids=" ".join)
def test_nobody_is_let_in_after_the_signal_though_a_worker_is_busy(shared: tuple[str, ...]) -> None:
    def attempt() -> None:
        with running(*shared, *WORKERS) as server, server.connect() as busy:
            pids = workers(server)
            busy.send(query(3000))
            eventually(lambda: server.has_open(".sqlite3") != [], "one worker is busy")
            server.process.send_signal(signal.SIGTERM)
            eventually(lambda: any(map(has_ended, pids)), "the other has heard of it")
            with pytest.raises(ConnectionRefusedError), server.connect():
                pass
            if busy.has_input():
                raise LateError
            assert busy.take(len(PERSISTENT)) == PERSISTENT
            assert server.process.wait(PATIENCE_S) == 0

    in_time(attempt)


# Tells each worker to end a while after the one before.
LATE_SIGNAL = """
import itertools, os, sys, threading
from servers.__main__ import main

kill, late_s = os.kill, itertools.count(0, 0.3)
os.kill = lambda *given: threading.Timer(next(late_s), kill, given).start()
sys.exit(main())
"""


@pytest.mark.parametrize("variant_flags", ALL, ids=" ".join)
def test_worker_whose_listener_another_has_shut_waits_for_its_signal(
    variant_flags: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        server_process, "command", lambda *given: [sys.executable, "-c", LATE_SIGNAL, *given]
    )
    with running(*variant_flags, *WORKERS) as server:
        pids = workers(server)
        assert server.stop() == 0
        assert server.log() == []
        assert server.accepted() == dict.fromkeys(pids, 0), "each has ended as it should"


def test_no_worker_is_left_after_a_stop(server: Server) -> None:
    pids = workers(server)
    assert len(pids) == COUNT
    assert server.stop() == 0
    assert all(map(has_ended, pids))


@pytest.mark.parametrize("variant_flags", ALL, ids=" ".join)
def test_worker_that_does_not_end_is_killed(variant_flags: tuple[str, ...]) -> None:
    with running(*variant_flags, *WORKERS, "--grace-ms", "0") as server:
        pids = workers(server)
        os.kill(pids[0], signal.SIGSTOP)
        assert server.stop() == 0
        assert all(map(has_ended, pids))


# Runs the server with an os.fork that fails from the call FIRST to the call LAST.
FAILING_FORK = """
import errno, itertools, os, sys
from servers.__main__ import main

fork, calls = os.fork, itertools.count(1)
def failing():
    if {first} <= next(calls) <= {last}:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
    return fork()
os.fork = failing
sys.exit(main())
"""


def fail_forks(monkeypatch: pytest.MonkeyPatch, first: int, last: int) -> None:
    script = FAILING_FORK.format(first=first, last=last)
    monkeypatch.setattr(
        server_process, "command", lambda *given: [sys.executable, "-c", script, *given]
    )


def test_worker_that_cannot_be_started_ends_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_forks(monkeypatch, COUNT, COUNT)
    done = subprocess.run(  # noqa: S603 - this repository's own command, no shell
        server_process.command("prefork_epoll", *WORKERS, "--port", "0"),
        cwd=ROOT,
        env=server_process.environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: cannot start 2 workers: ")
    assert "Traceback" not in done.stderr


def test_workers_tell_how_many_connections_they_accepted(server: Server) -> None:
    pids = workers(server)
    for _ in range(7):
        with server.connect() as peer:
            assert peer.ask()
    with server.connect() as peer:
        assert peer.ask()
        assert server.stop() == 0
    eventually(lambda: len(server.accepted()) == COUNT, "each of them tells")
    assert server.accepted().keys() == set(pids)
    assert sum(server.accepted().values()) == 7 + 1


def test_place_that_cannot_be_filled_is_told_and_filled_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fail_forks(monkeypatch, COUNT + 1, COUNT + 2)
    with running("prefork_epoll", *WORKERS) as server:
        os.kill(workers(server)[0], signal.SIGKILL)
        eventually(lambda: len(server.log()) == 2, "the end and the limit are told")
        assert server.limits() == ["processes"]
        with server.connect() as peer:
            assert peer.ask()
        eventually(lambda: len(workers(server)) == COUNT, "the place is filled at last")
        assert server.limits() == ["processes"]
