"""Several processes on one port: all of them serve, and none of them is missed for long."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.peer import PERSISTENT
from tests.support.server_process import LateError, eventually, in_time, running
from tests.support.worker_processes import COUNT, SHARED, WORKERS, query, workers

if TYPE_CHECKING:
    from tests.support.server_process import Server

MANY = 40  # connections; that one of two listeners gets none of them by chance will not be seen


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
