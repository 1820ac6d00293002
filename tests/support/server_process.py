"""A server process under test."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from experiments.paths import ROOT
from servers.registry import names
from tests.support.peer import PATIENCE_S, Peer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What a variant is allowed to be unable to do; everything else is asked of all of them.
ENDS_AFTER_ONE = frozenset({"one_shot"})  # connection: it has tests of its own, test_one_shot.py
ONE_AT_A_TIME = frozenset({"iterative"})
WALLED = frozenset({"select"})  # by FD_SETSIZE
# Its descriptors, and their numbers, cannot run out: each worker has one connection at a time.
ONE_PER_WORKER = frozenset({"prefork"})
POOLS = frozenset({"thread_pool", "prefork"})  # serve a connection per worker at once
FORKING = frozenset({"process_per_connection"})  # its connections cost the parent no descriptor
# Who is asked to accept does not depend on who has descriptors: each process has its own limit.
SEVERAL_LOOPS = frozenset({"prefork_epoll", "reuseport_epoll"})
LASTING = [name for name in names() if name not in ENDS_AFTER_ONE]
concurrent = pytest.mark.parametrize(
    "variant",
    [name for name in LASTING if name not in ONE_AT_A_TIME],
    indirect=True,
    scope="module",
)
"""Runs a test for those variants only that serve several connections at once."""
many_per_process = pytest.mark.parametrize(
    "variant",
    [name for name in LASTING if name not in ONE_AT_A_TIME | ONE_PER_WORKER],
    indirect=True,
    scope="module",
)
"""Runs a test for those variants only that have several connections in one process."""


def command(*arguments: str) -> list[str]:
    """Return the command line of `python -m servers` with these arguments."""
    return [sys.executable, "-m", "servers", *arguments]


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without its own C10K_ settings, plus `variables`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("C10K_")}
    return kept | variables


def room_for(variant: str, connections: int) -> tuple[str, ...]:
    """Return the flags with which a variant serves so many connections at once."""
    return ("--workers", str(connections)) if variant in POOLS else ()


def one_worker(variant: str) -> tuple[str, ...]:
    """Return the flags with which a variant has one descriptor too many, not one per worker: a
    blocking accept() takes the next one before it sleeps.
    """
    return ("--workers", "1") if variant in ONE_PER_WORKER else ()


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait until the condition holds; fail when it does not within PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {PATIENCE_S} s in vain: {what}")
        time.sleep(0.005)


class LateError(Exception):
    """An attempt came too late for what it was to see: the machine was busy."""


def in_time(attempt: Callable[[], None]) -> None:
    """Run an attempt again and again until it does not come too late."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with contextlib.suppress(LateError):
            attempt()
            return
    raise AssertionError(f"nothing was in time for {PATIENCE_S} s")


class Server:
    """One server, listening on a port that the kernel chose: a process, and what it has forked."""

    def __init__(self, name: str, *flags: str) -> None:
        self.name = name
        self.process = subprocess.Popen(  # noqa: S603 - this repository's own command, no shell
            command(name, "--host", "127.0.0.1", "--port", "0", *flags),
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self.process.pid
        self.events: list[dict[str, Any]] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        try:
            self.listening = json.loads(self._lines.get(timeout=PATIENCE_S))
        except queue.Empty:
            self.kill()
            raise
        self.port: int = self.listening["port"]

    def _read(self) -> None:
        if self.process.stdout is not None:
            with self.process.stdout as lines:
                for line in lines:
                    self._lines.put(line)

    def log(self) -> list[dict[str, Any]]:
        """Return the events so far, without `listening` and `accepted`, which are no trouble."""
        with contextlib.suppress(queue.Empty):
            while True:
                self.events.append(json.loads(self._lines.get_nowait()))
        return [event for event in self.events if event["event"] != "accepted"]

    def accepted(self) -> dict[int, int]:
        """Return the connections that each worker process has told of, by pid."""
        self.log()
        told = [event for event in self.events if event["event"] == "accepted"]
        return {event["pid"]: event["connections"] for event in told}

    def limits(self) -> list[str]:
        """Return the limits that the server has told of so far."""
        return [event["limit"] for event in self.log() if event["event"] == "limit"]

    def stop(self) -> int:
        """Send SIGTERM; return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def kill(self) -> None:
        """End this server's processes, by their own ids, whatever state they are in."""
        if self.process.poll() is None:
            with contextlib.suppress(psutil.NoSuchProcess):  # it has ended a moment ago
                self.process.send_signal(signal.SIGSTOP)  # so that it forks no more
                for pid in self.processes()[::-1]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
        self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        for left in Path(tempfile.gettempdir()).glob(f"c10k-{self.pid}-*.sqlite3*"):
            left.unlink(missing_ok=True)

    def processes(self) -> list[int]:
        """Return the ids of the first process and of all its descendants, parents first."""
        children = psutil.Process(self.pid).children(recursive=True)
        return [self.pid, *(child.pid for child in children)]

    def connect(self, receive_buffer_bytes: int = 0) -> Peer:
        """Return a new connection to the server."""
        return Peer(self.port, receive_buffer_bytes)

    def stat(self, field: str) -> str:
        """Return a field of /proc/PID/status of the first process."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return _field(text, field)

    def states(self) -> set[str]:
        """Return the states that the processes are in: S sleeps, R runs, Z is a zombie."""
        texts = self._read_all("status")
        return {_field(text, "State")[0] for text in texts}

    def is_asleep(self) -> bool:
        """Return whether all threads of all processes sleep: there is nothing that they can do."""
        try:
            texts = [
                (task / "status").read_text(encoding="ascii")
                for pid in self.processes()
                for task in Path(f"/proc/{pid}/task").iterdir()
            ]
        except (FileNotFoundError, ProcessLookupError):
            return False  # one has just ended
        return all(_field(text, "State")[0] == "S" for text in texts)

    def has_open(self, suffix: str) -> list[int]:
        """Return the processes that have a file of such a name open."""
        found = []
        for pid in self.processes():
            for entry in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(FileNotFoundError):
                    if str(entry.readlink()).endswith(suffix):
                        found.append(pid)
        return found

    def memory_bytes(self) -> int:
        """Return the anonymous memory of all processes; what they share counts once (Pss)."""
        texts = self._read_all("smaps_rollup")
        return sum(int(_field(text, "Pss_Anon").split()[0]) * 1024 for text in texts)

    def descriptors(self) -> int:
        """Return how many descriptors are open in all processes."""
        return sum(self._descriptors(pid) for pid in self.processes())

    def allow_descriptors(self, spare: int) -> None:
        """Limit each process to so many descriptors more than it has open now."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
                soft = self._descriptors(pid) + spare
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))

    @staticmethod
    def _descriptors(pid: int) -> int:
        """Descriptors are numbered from 0 without a gap; a process that has ended has none."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            return len(os.listdir(f"/proc/{pid}/fd"))
        return 0

    def _read_all(self, name: str) -> list[str]:
        """Return /proc/PID/NAME of each process. One that comes or goes changes what the others
        share, so all are read again then.
        """
        texts: list[str] = []

        def read() -> bool:
            texts.clear()
            processes = self.processes()
            for pid in processes:
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    texts.append(Path(f"/proc/{pid}/{name}").read_text(encoding="ascii"))
            return self.processes() == processes

        eventually(read, "the processes stay the same while they are read")
        return texts


def _field(text: str, field: str) -> str:
    """Return a field of a text of `name: value` lines."""
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)[field].strip()


@contextlib.contextmanager
def running(name: str, *flags: str) -> Iterator[Server]:
    """Run a server for the length of a `with` block."""
    server = Server(name, *flags)
    try:
        yield server
    finally:
        server.kill()
