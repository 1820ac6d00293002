"""Out of descriptors, out of threads, out of select's bit map: refused at once, told, survived."""

from __future__ import annotations

import contextlib
import resource
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.peer import GET, PERSISTENT
from tests.support.server_process import (
    FORKING,
    SEVERAL_LOOPS,
    WALLED,
    eventually,
    many_per_process,
    one_worker,
    room_for,
    running,
)

if TYPE_CHECKING:
    from tests.support.server_process import Server

WALL = 1024
BEYOND_WALL = WALL + 40


def is_refused(server: Server) -> bool:
    with server.connect() as peer:
        return peer.is_refused()


def test_job_that_cannot_be_done_ends_its_connection_alone(variant: str) -> None:
    """Here the database cannot be opened."""
    with running(variant, "--grace-ms", "60000") as server:
        with server.connect() as peer:
            assert peer.ask()
            server.allow_descriptors(0)
            peer.send(GET + b"GET /db/1 HTTP/1.1\r\n\r\n")
            assert peer.rest() in (b"", PERSISTENT)
        eventually(lambda: bool(server.log()), "the fault is told")
        assert server.log()[0]["event"] == "fault"
        assert server.stop() == 0, "nothing is left that the grace time is for"


def test_out_of_descriptors_is_survived(variant: str) -> None:
    with running(variant, *one_worker(variant)) as server:
        server.allow_descriptors(0)
        is_refused(server)  # a blocking accept() already holds a descriptor, and may serve this one
        assert all(is_refused(server) for _ in range(20))
        eventually(lambda: server.limits() == ["nofile"], "the limit is told, once")
        states = []
        for _ in range(20):
            states.append(server.states())
            time.sleep(0.01)
        assert states.count({"S"}) > 10, "the server waits, and does not spin"
        server.allow_descriptors(64)
        with contextlib.suppress(ConnectionError), server.connect() as peer:
            peer.ask()  # the last one that may meet a descriptor lent from the reserve
        with server.connect() as peer:
            assert peer.ask()
        assert server.limits() == ["nofile"]
        assert server.stop() == 0


@many_per_process
def test_out_of_descriptors_leaves_the_others_alone(own_server: Server) -> None:
    with contextlib.ExitStack() as stack:
        first = [stack.enter_context(own_server.connect()) for _ in range(5)]
        assert all(peer.ask() for peer in first)
        # Awake, one may hold a descriptor that it is about to close.
        eventually(lambda: own_server.states() == {"S"}, "all wait")
        own_server.allow_descriptors(0)
        burst = [stack.enter_context(own_server.connect()) for _ in range(100)]
        assert sum(peer.is_refused() for peer in burst) >= 98
        assert all(peer.ask() for peer in first)
        for peer in first[:3]:
            peer.socket.close()
        if own_server.name in FORKING | SEVERAL_LOOPS:
            eventually(lambda: own_server.states() == {"S"}, "all wait")
            own_server.allow_descriptors(1)

        def served_again() -> bool:
            return not is_refused(own_server)

        eventually(served_again, "the server accepts again when a descriptor is free")
        assert all(peer.ask() for peer in first[3:])


@pytest.fixture
def many_descriptors() -> None:
    """Let this process, and the servers that it starts, open enough for the wall."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * WALL
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"needs {wanted} descriptors, the hard limit is {hard}")
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@pytest.mark.usefixtures("many_descriptors")
@many_per_process
def test_past_the_wall(variant: str) -> None:
    flags = room_for(variant, BEYOND_WALL)
    with running(variant, *flags) as server, contextlib.ExitStack() as stack:
        peers, refused = [], 0
        for _ in range(BEYOND_WALL):  # one by one: a thousand new processes would hold up all
            peers.append(stack.enter_context(server.connect()))
            refused += peers[-1].is_refused()
        if variant in WALLED:
            eventually(lambda: server.limits() == ["FD_SETSIZE"], "the wall is told")
            (event,) = server.log()
            assert event["value"] == WALL
            assert f"descriptor {WALL} or more" in event["message"]
            assert BEYOND_WALL - WALL < refused < BEYOND_WALL - WALL + 20
        else:
            assert refused == 0
            assert server.limits() == []
        assert all(peer.ask() for peer in peers[:900])
        for peer in peers[:100]:
            peer.socket.close()
        eventually(lambda: not is_refused(server), "there is room again")


def test_thread_that_cannot_start_costs_one_connection() -> None:
    gigabyte = 1 << 30
    with (
        running("thread_per_connection", "--thread-stack-bytes", str(gigabyte)) as server,
        contextlib.ExitStack() as stack,
    ):
        first = stack.enter_context(server.connect())
        assert first.ask()
        used = int(server.stat("VmSize").split()[0]) * 1024
        _, hard = resource.prlimit(server.pid, resource.RLIMIT_AS)
        resource.prlimit(server.pid, resource.RLIMIT_AS, (used + gigabyte // 2, hard))
        assert all(is_refused(server) for _ in range(5))
        eventually(lambda: server.limits() == ["threads"], "the limit is told, once")
        assert first.ask()
        resource.prlimit(server.pid, resource.RLIMIT_AS, (hard, hard))
        assert not is_refused(server)
        assert server.stop() == 0
