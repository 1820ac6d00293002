"""Idle timeouts: whoever has been silent for too long is closed, and nobody else."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.peer import GET, PERSISTENT
from tests.support.server_process import (
    FORKING,
    LASTING,
    LateError,
    concurrent,
    eventually,
    in_time,
    room_for,
    running,
)

if TYPE_CHECKING:
    from tests.support.server_process import Server


def test_idle_connections_are_closed_and_busy_ones_are_not(variant: str) -> None:
    with running(variant, "--idle-timeout-ms", "800") as server:

        def attempt() -> None:
            with server.connect() as peer:
                if peer.is_refused():
                    raise LateError
                for _ in range(11):  # more than the timeout, in all
                    asked = time.monotonic()
                    time.sleep(0.1)
                    peer.send(GET)
                    if time.monotonic() - asked > 0.6:
                        raise LateError
                    assert peer.take(len(PERSISTENT)) == PERSISTENT
                assert peer.rest() == b""
                assert time.monotonic() - asked > 0.7

        in_time(attempt)


def test_peer_that_keeps_its_end_open_costs_no_descriptor(variant: str) -> None:
    with running(variant, "--idle-timeout-ms", "300") as server:
        before = server.descriptors()

        def attempt() -> None:
            with server.connect() as peer:
                if peer.is_refused():
                    raise LateError
                assert peer.rest() == b""
                eventually(lambda: server.descriptors() <= before, "the server closes its own end")

        in_time(attempt)


@pytest.mark.parametrize(
    "variant", [name for name in LASTING if name not in FORKING], indirect=True, scope="module"
)
def test_timeout_makes_room_where_no_descriptor_is_left(variant: str) -> None:
    flags = ("--idle-timeout-ms", "700", "--workers", "1")

    def attempt() -> None:
        with running(variant, *flags) as server, server.connect() as peer:
            asked = time.monotonic()
            refused = peer.is_refused()
            server.allow_descriptors(0)
            if refused or time.monotonic() - asked > 0.5:  # its descriptor may be free already
                raise LateError
            assert peer.rest() == b""
            eventually(lambda: is_served(server), "a new one takes the place of the idle one")
            assert server.process.poll() is None

    in_time(attempt)


def is_served(server: Server) -> bool:
    with server.connect() as peer:
        return not peer.is_refused()


@concurrent
def test_who_waits_for_a_server_that_is_held_up_is_not_idle(variant: str) -> None:
    flags = ("--idle-timeout-ms", "700", *room_for(variant, 3))

    def attempt() -> None:
        with running(variant, *flags) as server, contextlib.ExitStack() as stack:
            asked = time.monotonic()
            working, waiting, new = (stack.enter_context(server.connect()) for _ in range(3))
            refused = waiting.is_refused()
            working.send(b"GET /db/2000 HTTP/1.1\r\n\r\n")
            eventually(lambda: server.has_open(".sqlite3") != [], "the job is under way")
            waiting.send(GET)
            new.send(GET)
            if refused or time.monotonic() - asked > 0.5:
                raise LateError
            for peer in (working, waiting, new):
                assert peer.take(len(PERSISTENT)) == PERSISTENT

    in_time(attempt)
