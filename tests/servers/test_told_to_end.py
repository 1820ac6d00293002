"""What each server does when it is told to end, as docs/servers.md has it."""

from __future__ import annotations

import contextlib
import re
import signal
from typing import TYPE_CHECKING

import psutil
import pytest

from experiments.paths import ROOT
from tests.support.peer import GET, PATIENCE_S, PERSISTENT, Peer, get
from tests.support.server_process import (
    LASTING,
    ONE_AT_A_TIME,
    ONE_PER_WORKER,
    POOLS,
    SEVERAL_LOOPS,
    LateError,
    eventually,
    in_time,
    running,
)

if TYPE_CHECKING:
    from tests.support.server_process import Server

TEXT = (ROOT / "docs" / "servers.md").read_text(encoding="utf-8")
TITLE = "| servers | who connects while it computes |"
COMPUTE = get("/cpu/1000000")
LONG = get("/bytes/16777216")


def told() -> dict[str, tuple[str, str]]:
    """By server: what becomes of who connects while it computes, and of an idle connection."""
    lines = TEXT[TEXT.index(TITLE) :].split("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {
        name: (come, idle) for names, come, idle in rows for name in re.findall("`(.+?)`", names)
    }


def refuses(server: Server) -> bool:
    try:
        server.connect().socket.close()
    except ConnectionError:
        return True
    return False


def one_is_left(server: Server) -> bool:
    """Whether no process but the first and one worker is left."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return len(server.processes()) <= 2
    return False


def test_each_server_that_lasts_is_told_of_in_known_words() -> None:
    assert sorted(told()) == sorted(LASTING)
    assert {come for come, _ in told().values()} == {"answered", "refused"}
    assert {idle for _, idle in told().values()} == {"stays", "may stay", "closed"}


def test_who_connects_while_it_computes(variant: str) -> None:
    def attempt() -> None:
        flags = ("--workers", "2") if variant in POOLS | SEVERAL_LOOPS else ()
        with running(variant, "--grace-ms", "60000", *flags) as server, server.connect() as other:
            assert other.ask()
            eventually(server.is_asleep, "it has answered")
            other.send(COMPUTE)
            eventually(lambda: not server.is_asleep(), "it computes")
            server.process.send_signal(signal.SIGTERM)
            eventually(lambda: has_come(server), "the signal was there before who connects")
            if variant in SEVERAL_LOOPS:
                eventually(lambda: one_is_left(server), "the worker with nothing to do has ended")
            if told()[variant][0] == "refused":
                eventually(lambda: refuses(server), "the listener is closed")
                in_vain(other)
            else:
                with server.connect() as peer:
                    in_vain(other)
                    peer.send(GET)
                    assert peer.rest() == PERSISTENT
            assert other.rest() == PERSISTENT
            assert server.process.wait(PATIENCE_S) == 0
            assert server.log() == []

    in_time(attempt)


def asked(peer: Peer) -> bytes:
    """What comes on a connection until it ends; nothing, if it has ended already."""
    try:
        peer.send(GET)
        return peer.rest()
    except ConnectionError:
        return b""


def has_come(server: Server) -> bool:
    """Whether SIGTERM does not wait any more for the process to run."""
    return not int(server.stat("ShdPnd"), 16) & 1 << signal.SIGTERM - 1


def in_vain(other: Peer) -> None:
    """Raises LateError if the server may not have been at work any more."""
    if other.has_input():
        raise LateError


@pytest.mark.parametrize(
    "variant",
    [name for name in LASTING if name not in ONE_AT_A_TIME],
    indirect=True,
    scope="module",
)
def test_an_idle_connection_while_others_are_answered(variant: str) -> None:
    workers = "2" if variant in ONE_PER_WORKER else "1" if variant in SEVERAL_LOOPS else "0"
    flags = ("--grace-ms", "60000", "--workers", workers)
    with running(variant, *flags) as server, server.connect() as idle, server.connect(4096) as busy:
        assert idle.ask()
        busy.send(LONG)
        assert busy.take(100)
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: refuses(server), "the listener is closed")
        becomes = told()[variant][1]
        if becomes == "closed":
            assert idle.rest() == b""
        else:
            received = asked(idle)
            assert received == PERSISTENT or (becomes == "may stay" and not received)
        assert server.process.poll() is None, "the other has not ended"
        busy.reset()
        assert server.process.wait(PATIENCE_S) == 0
