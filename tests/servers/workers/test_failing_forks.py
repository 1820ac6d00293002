"""A process that cannot be started: before the server serves it ends, later it goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from experiments.paths import ROOT
from tests.support import server_process
from tests.support.peer import PATIENCE_S
from tests.support.server_process import eventually, running
from tests.support.worker_processes import COUNT, WORKERS, workers

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
