"""Worker processes end with their server, however it ends, and let nobody in any more."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support import server_process
from tests.support.peer import PATIENCE_S, PERSISTENT
from tests.support.server_process import LateError, eventually, in_time, running
from tests.support.worker_processes import ALL, COUNT, SHARED, WORKERS, has_ended, query, workers

if TYPE_CHECKING:
    from tests.support.server_process import Server


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
