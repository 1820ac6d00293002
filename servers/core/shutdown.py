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
import time
from types import FrameType
from typing import Protocol

LINGER_S = 2.0  # how long a peer may go on sending after it was refused; Apache's as well
LINGER_BYTES = 16_777_216  # and how much: what a peer's and a server's full buffers may hold
DRAIN_BYTES = 65_536  # of one read, of what is dropped
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


class Drained(Protocol):
    """A connection that can be read from for a limited time: a socket, or gevent's."""

    def settimeout(self, seconds: float, /) -> None:
        """Have the next calls raise TimeoutError after so long."""

    def recv(self, size: int, /) -> bytes:
        """Receive at most so many bytes; none at the end of the input."""


def drain(connection: Drained) -> None:
    """Read and drop input until it ends; at most LINGER_S and LINGER_BYTES.

    close() would answer a peer that is still sending with a reset, and a reset can destroy the
    response on its way. So a server shuts its own direction, drains, and closes then.
    """
    deadline = time.monotonic() + LINGER_S
    left = LINGER_BYTES
    # An error means that the time is over, or the peer gone: either way the connection ends here.
    with contextlib.suppress(OSError):
        while left > 0 and (remaining := deadline - time.monotonic()) > 0:
            connection.settimeout(remaining)
            received = len(connection.recv(DRAIN_BYTES))
            if not received:
                break
            left -= received


def has_input(fd: int) -> bool:
    """Tell whether something that was received waits to be read."""
    return any(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)))


def is_idle(fd: int) -> bool:
    """Tell whether nothing that was received waits to be read, and nothing sent to be received."""
    return not has_input(fd) and not any(fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(4)))
