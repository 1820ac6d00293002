"""Several processes that serve one port: a parent that forks workers, and looks after them.

The parent holds the port and serves nobody. It passes SIGTERM and SIGINT on, fills the place of a
worker that has ended by itself, and passes on what the workers tell: the server has one log,
whatever its number of processes. It knows only two things to wait for: a signal (the end of a
worker is one, SIGCHLD) and a message from a worker, and both are descriptors.

The workers cannot outlive it. Nobody could stop them, and they would go on holding the port; so
the kernel kills them when it dies, of whatever cause (prctl(2), PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import ctypes
import mmap
import os
import select
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import NoReturn

from servers.core.events import EventLog
from servers.core.exits import StartError
from servers.core.settings import Settings
from servers.core.shutdown import LINGER_S, STOPS, StopSignal
from servers.readiness.loop import ReadinessServer

Prepare = Callable[[EventLog], Callable[[], None]]
"""Makes the server of a worker, in the worker; returns what serves until it is told to stop."""

PAUSE_S = 0.5  # before a place is filled again: a worker that ends at once is no fork bomb
MARGIN_S = LINGER_S + 1.0  # beyond the grace time, for workers to end by themselves
READY = b"ready"
MESSAGE_BYTES = 262_144  # more than a socket's default buffer lets a worker send at once
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Workers:
    """The worker processes of one server, and the parent's loop. To be made in the main thread."""

    def __init__(
        self, settings: Settings, log: EventLog, count: int, port: socket.socket, prepare: Prepare
    ) -> None:
        """Make what all workers share; `port` is bound, and closed when the server stops."""
        self._settings = settings
        self._log = log
        self._count = count
        self._port = port
        self._prepare = prepare
        self._pids: set[int] = set()
        self._unready = count
        self._refills: deque[float] = deque()  # when places are to be filled again
        self._deadline: float | None = None
        self._told = mmap.mmap(-1, 1)  # which the workers see, too
        self._signals = StopSignal(signal.SIGCHLD)
        # Messages keep their limits here, whoever sends them, and however many there are.
        self._reader, self._writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._reader.setblocking(False)

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then until the workers have ended, or overstayed.

        Raises StartError when a worker cannot be started, or ends before all are ready.
        """
        poll = select.poll()
        poll.register(self._signals.fd, select.POLLIN)
        poll.register(self._reader, select.POLLIN)
        try:
            for _ in range(self._count):
                self._start()
            while not self._ended():
                ready = {fd for fd, _ in poll.poll(self._timeout_ms())}
                if self._reader.fileno() in ready:
                    self._listen_to_workers()
                if self._signals.fd in ready:
                    self._take_signals()
                self._refill()
            self._listen_to_workers()
        finally:
            self._kill()

    @property
    def stopping(self) -> bool:
        """Whether all workers are to end; to a worker that was told to end alone, it is not so."""
        return self._told[0] != 0

    def _start(self) -> None:
        # A signal that comes while the child still has the parent's handling would go to the
        # parent's pipe; it waits until the worker has its own.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        parent = os.getpid()
        try:
            pid = os.fork()
            if pid == 0:
                self._work(parent, mask)
        except OSError as error:
            if self._unready:
                raise StartError(
                    f"cannot start {self._count} workers: the process after"
                    f" {len(self._pids)} of them failed ({error.strerror});"
                    " choose fewer --workers, or raise the pids limit"
                ) from error
            self._log.limit(
                "processes",
                len(self._pids),
                f"cannot start a worker in place of one that ended ({error.strerror}): it is"
                f" tried again every {PAUSE_S} s; raise the pids limit",
            )
            self._refills.append(time.monotonic() + PAUSE_S)
        else:
            self._pids.add(pid)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def _work(self, parent: int, mask: set[int | signal.Signals]) -> NoReturn:
        """Be a worker, in the child, from the fork to its end."""
        status = 1
        try:
            # A terminal's Ctrl-C reaches the parent alone, which passes it on: a worker that is
            # told twice does not wait for what is in flight.
            os.setpgid(0, 0)
            _die_with(parent)
            self._signals.close()
            self._reader.close()
            serve = self._prepare(EventLog("worker", self._writer.fileno()))
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            self._writer.send(READY)
            serve()
            status = 0
        except Exception:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(status)  # what follows in the program is the parent's, exit functions as well

    def _listen_to_workers(self) -> None:
        while True:
            try:
                message = self._reader.recv(MESSAGE_BYTES)
            except BlockingIOError:
                return
            if message != READY:
                self._log.relay(message)
            elif self._unready:  # not one that has taken another's place
                self._unready -= 1
                if not self._unready and self._deadline is None:
                    self._log.listening(self._port.getsockname()[1], self._settings.backlog)

    def _take_signals(self) -> None:
        if set(STOPS) & set(self._signals.take()):
            again = self._deadline is not None
            self._port.close()
            grace_s = 0.0 if again else self._settings.grace_ms / 1000
            self._deadline = time.monotonic() + grace_s + MARGIN_S
            self._refills.clear()
            self._told[0] = 1
            for pid in self._pids:
                os.kill(pid, signal.SIGTERM)
        self._reap()

    def _reap(self) -> None:
        while self._pids:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            if pid not in self._pids:
                continue  # an orphan: process 1 of a container inherits them all
            self._pids.discard(pid)
            if self._deadline is not None:
                continue
            how = _described(os.waitstatus_to_exitcode(status))
            if self._unready:
                raise StartError(f"a worker ended before the server was ready: {how}")
            self._log.replaced(pid, how)
            self._refills.append(time.monotonic() + PAUSE_S)

    def _refill(self) -> None:
        while self._refills and self._refills[0] <= time.monotonic():
            self._refills.popleft()
            self._start()

    def _timeout_ms(self) -> float | None:
        until = self._refills[0] if self._refills else self._deadline
        return None if until is None else max(0.0, until - time.monotonic()) * 1000

    def _ended(self) -> bool:
        return self._deadline is not None and (not self._pids or time.monotonic() >= self._deadline)

    def _kill(self) -> None:
        """End the workers that have not ended by themselves."""
        for pid in self._pids:
            os.kill(pid, signal.SIGKILL)
        for pid in self._pids:
            os.waitpid(pid, 0)


def telling(server: ReadinessServer, log: EventLog) -> Callable[[], None]:
    """The server of a worker as `prepare` returns it; tells at its end what it has accepted."""

    def run() -> None:
        server.run()
        log.accepted(server.accepted)

    return run


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies; end it if that was already."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL)):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        os._exit(1)


def _described(exit_code: int) -> str:
    return f"exit code {exit_code}" if exit_code >= 0 else signal.Signals(-exit_code).name
