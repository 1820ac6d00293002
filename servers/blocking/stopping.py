"""Stopping a server whose threads or processes sit in calls that block."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable

from servers.core.shutdown import LINGER_S, LOOKS, SWEEP_S, StopSignal, drain, is_idle, shut


def linger(fd: int) -> None:
    """End a blocking connection whose peer may still be sending."""
    shut(fd, socket.SHUT_WR)
    handle = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=fd)
    try:
        drain(handle)
    finally:
        handle.detach()


class Stopping:
    """What those who serve blocking connections share with whoever stops them."""

    def __init__(self) -> None:
        self.requested = False
        self.busy: set[int] = set()  # at work on a job, or in linger(): they look idle and are not

    def wake(self, fd: int) -> None:
        """End the input of a connection if it is idle, for whoever sits in its read().

        Never that of another one. It cannot be undone, and from then on the kernel answers with a
        reset what the peer still sends: linger() could not end the connection any more.
        """
        if fd not in self.busy and is_idle(fd):
            shut(fd, socket.SHUT_RD)


class BlockingStop(Stopping):
    """Stops a server whose threads sit in accept() and read(), where nothing else can reach them.

    A thread of its own waits for the signal. It shuts the listener, which wakes accept(). Who
    serves a connection with something in flight sees `requested` when all that was received has
    been answered, and ends it. After the grace time, or a second signal, both sides are shut.
    `live` holds the descriptors of the connections; whoever closes one removes it first.

    Threads of idle connections are left asleep, to end with the process: ten thousand that wake
    up only to end would pass the interpreter lock round for more than a second. Where the main
    thread serves a connection itself, it is woken.

    A listener that is `shared` with other processes would be shut for all of them. It is closed
    for this one alone, and who sits in accept() then ends with the process, which ends here.
    """

    def __init__(
        self,
        listener: socket.socket,
        grace_s: float,
        *,
        shared: bool = False,
        wake: Callable[[], None] | None = None,
    ) -> None:
        """`wake` is called at the signal, for an accepting thread that may wait elsewhere."""
        super().__init__()
        self.live: set[int] = set()
        self._main_waits = False
        self._listener = listener
        self._shared = shared
        self._wake_accepting = wake
        self._grace_s = grace_s
        self._signal = StopSignal()
        self._thread = threading.Thread(target=self._run, name="stop", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait until every connection has ended, is idle, or had its grace time."""
        self._main_waits = True
        self._thread.join()

    def _run(self) -> None:
        self._signal.take()
        self.requested = True
        if self._shared:
            self._listener.close()
        else:
            shut(self._listener.fileno(), socket.SHUT_RDWR)
        if self._wake_accepting is not None:
            self._wake_accepting()
        self._sweep(self._grace_s)
        for fd in self._in_flight():
            shut(fd, socket.SHUT_RDWR)
        self._sweep(LINGER_S)
        if self._shared:
            os._exit(0)

    def _sweep(self, seconds: float) -> None:
        """Wait for all that is in flight, what was accepted a moment ago included."""
        deadline = time.monotonic() + seconds
        looks = 0
        while looks < LOOKS and time.monotonic() < deadline and not self._signal.pending():
            looks = 0 if self._in_flight() else looks + 1
            time.sleep(SWEEP_S)

    def _in_flight(self) -> set[int]:
        """Return the connections that somebody is to end; wake the main thread for an idle one.

        One that was idle a moment ago may have asked since.
        """
        left = set()
        for fd in self.live.copy():
            with contextlib.suppress(OSError):  # closed a moment ago, so nothing is in flight
                if not self._main_waits:
                    self.wake(fd)
                    left.add(fd)
                elif fd in self.busy or not is_idle(fd):
                    left.add(fd)
        return left
