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

LINGER_S = 1.0  # how long a peer may go on sending after it was refused
LINGER_BYTES = 16_777_216  # and how much: what a peer's and a server's full buffers may hold
STOPS = (signal.SIGTERM, signal.SIGINT)
SWEEP_S = 0.01  # between two looks of the thread that ends blocking connections


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


def settle(fd: int) -> None:
    """Do the same for a connection whose input BlockingStop has ended.

    There, read() tells of an end whenever nothing is left, though more may come; and the kernel
    answers what comes with a reset, once the output is ended too. So the output stays open until
    the peer's kernel has acknowledged all of it.
    """
    deadline = time.monotonic() + LINGER_S
    while any(fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(4))) and time.monotonic() < deadline:
        time.sleep(SWEEP_S)
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


def is_idle(fd: int) -> bool:
    """Tell whether nothing that was received waits to be read, and nothing sent to be received."""
    queued = [fcntl.ioctl(fd, queue, bytes(4)) for queue in (termios.FIONREAD, termios.TIOCOUTQ)]
    return not any(map(any, queued))


class BlockingStop:
    """Stops a server whose threads sit in accept() and read(), where nothing else can reach them.

    A thread of its own waits for the signal. It shuts the listener, which wakes accept(), and the
    reading side of the connections with something in flight: what was received is still read and
    answered, then read() says that the input has ended. After the grace time, or a second signal,
    it shuts both sides. `live` holds the descriptors of the connections; whoever closes one
    removes it first.

    Threads of idle connections are left asleep, to end with the process: ten thousand that wake
    up only to end would pass the interpreter lock round for more than a second.

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
        self.requested = False
        self.live: set[int] = set()
        self._idle: set[int] = set()
        self._main_waits = False
        self._listener = listener
        self._shared = shared
        self._wake = wake
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
        if self._wake is not None:
            self._wake()
        time.sleep(SWEEP_S)  # a request that has been read now is answered when this is over
        self._sweep(socket.SHUT_RD, self._grace_s)
        self._sweep(socket.SHUT_RDWR, LINGER_S)
        if self._shared:
            os._exit(0)

    def _sweep(self, how: int, seconds: float) -> None:
        """Shut all that is in flight, what was accepted a moment ago included, and wait for it."""
        told: set[int] = set()
        deadline = time.monotonic() + seconds
        while (left := self._in_flight()) and time.monotonic() < deadline:
            for fd in left - told:
                shut(fd, how)
                told.add(fd)
            if self._signal.pending():
                break
            time.sleep(SWEEP_S)

    def _in_flight(self) -> set[int]:
        left = self.live.copy() - self._idle
        # When the main thread serves a connection itself, it must be woken to end the process.
        if self._main_waits:
            for fd in left:
                with contextlib.suppress(OSError):  # closed a moment ago, so nothing is in flight
                    if is_idle(fd):
                        self._idle.add(fd)
        return left - self._idle
