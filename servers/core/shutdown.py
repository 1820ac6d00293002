"""Ending: by SIGTERM or SIGINT for a server, by half-close for a connection.

A signal becomes a readable descriptor, because only that is free of races: a handler in Python
runs between two bytecodes, so a signal that comes just before accept() enters the kernel would
otherwise be noticed after the next connection only. The C part of CPython's signal handling
writes to the descriptor at once (signal.set_wakeup_fd).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import termios
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

LINGER_S = 2.0  # how long a peer may go on sending after it was refused; Apache's as well
LINGER_BYTES = 16_777_216  # and how much: what a peer's and a server's full buffers may hold
STOPS = (signal.SIGTERM, signal.SIGINT)
SWEEP_S = 0.01  # between two looks for connections that are still being served
LOOKS = 2  # in a row that find none: one that was read from a moment ago looks idle


class StopSignal:
    """SIGTERM, SIGINT, and others if wanted, as a descriptor that becomes readable. To be made in
    the main thread.
    """

    def __init__(self, *others: signal.Signals) -> None:
        self.fd, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in (*STOPS, *others):
            signal.signal(number, _noted)

    def take(self) -> bytes:
        """Wait for a signal, if there is none yet, and take it; return the numbers of all taken."""
        return os.read(self.fd, 64)

    def pending(self) -> bytes:
        """Take the signals that have come, without waiting; return their numbers."""
        return self.take() if any(fcntl.ioctl(self.fd, termios.FIONREAD, bytes(4))) else b""

    def close(self) -> None:
        """Forget the parent's signals, in a forked child that has a handling of its own."""
        signal.set_wakeup_fd(-1)
        os.close(self.fd)
        os.close(self._writer)


def _noted(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the descriptor tells. The handler is there so that the signal does not kill."""


def shut(fd: int, how: int) -> None:
    """Shut one direction of a connection (or both), known by its descriptor alone."""
    # An error means that the peer, or the thread that serves it, was faster: nothing is left to do.
    with contextlib.suppress(OSError):
        handle = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=fd)
        try:
            handle.shutdown(how)
        finally:
            handle.detach()


def linger(fd: int) -> None:
    """End a blocking connection whose peer may still be sending: close() would answer that with
    a reset, and a reset can destroy the response on its way. Bounded in time and bytes.
    """
    shut(fd, socket.SHUT_WR)
    _drain(fd)


def _drain(fd: int) -> None:
    """Read and drop input until it ends; at most LINGER_S and LINGER_BYTES."""
    handle = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=fd)
    try:
        deadline = time.monotonic() + LINGER_S
        left = LINGER_BYTES
        while left > 0 and (remaining := deadline - time.monotonic()) > 0:
            handle.settimeout(remaining)
            received = len(handle.recv(65_536))
            if not received:
                break
            left -= received
    except OSError:
        pass  # the time is over, or the peer has gone: either way the connection ends here
    finally:
        handle.detach()


def has_input(fd: int) -> bool:
    """Tell whether something that was received waits to be read."""
    return any(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)))


def is_idle(fd: int) -> bool:
    """Tell whether nothing that was received waits to be read, and nothing sent to be received."""
    return not has_input(fd) and not any(fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(4)))


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
