"""Closing connections on which nothing has moved for a while, without a price per request.

The kernel knows when a connection last sent and received (TCP_INFO), so a server needs no clock
of its own: it looks at all its descriptors now and then. A connection that has been idle for too
long is shut; its server then reads the end of input and closes it, as it does with any other.
"""

from __future__ import annotations

import os
import resource
import socket
import struct
import time
from collections.abc import Container, Iterable

LOOKS = 4  # per timeout: a connection lives at most a quarter longer than it should
ESTABLISHED, CLOSE_WAIT = 1, 8
_TCP_INFO = struct.Struct("=B43xI4xI")  # state, and ms since data was last sent and received


class IdleCheck:
    """Has a loop look at its connections from time to time."""

    def __init__(self, timeout_ms: int, busy: Container[int] = ()) -> None:
        """`busy` holds the connections that wait for their server, and so are never idle."""
        self._busy = busy
        self._timeout_s = timeout_ms / 1000
        self.interval_s = self._timeout_s / LOOKS  # 0: there is nothing to look for
        self._next = time.monotonic() + self.interval_s

    @property
    def due_in_s(self) -> float:
        """Seconds until it is time to look."""
        return max(0.0, self._next - time.monotonic())

    def look(self) -> list[int]:
        """If it is time to look, shut the connections that have been idle for too long, and
        return them. After a whole timeout since the last look the server was held up, and those
        that have asked meanwhile only look idle: they are served first.
        """
        late_s = time.monotonic() - self._next
        if late_s < 0:
            return []
        in_time = self.interval_s + late_s < self._timeout_s
        shut = shut_idle(self._timeout_s, self._busy) if in_time else []
        self._next = time.monotonic() + self.interval_s
        return shut


def shut_idle(timeout_s: float, busy: Container[int] = ()) -> list[int]:
    """Shut every connection of this process that has been idle for so long, and is not busy;
    return them.

    To be called from the thread that closes connections: a descriptor that another thread closes
    meanwhile could be a different connection by then.
    """
    found = []
    for fd in _descriptors():
        if fd in busy:
            continue
        try:
            handle = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=fd)
        except OSError:
            continue  # the descriptor of the listing itself, closed by now
        try:
            info = handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
            state, sent_ms, received_ms = _TCP_INFO.unpack(info)
            if state in (ESTABLISHED, CLOSE_WAIT) and min(sent_ms, received_ms) > timeout_s * 1000:
                handle.shutdown(socket.SHUT_RDWR)
                found.append(fd)
        except OSError:
            pass  # not a TCP socket, or its peer has gone: nothing to shut
        finally:
            handle.detach()
    return found


def _descriptors() -> Iterable[int]:
    try:
        return map(int, os.listdir("/proc/self/fd"))
    except OSError:  # listing takes a descriptor: if none is left, every number is in use
        return range(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def set_timeouts(fd: int, timeout_ms: int) -> None:
    """Have blocking reads and writes of a connection fail after so long: it is idle then."""
    value = struct.pack("@ll", timeout_ms // 1000, timeout_ms % 1000 * 1000)
    handle = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=fd)
    try:
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            handle.setsockopt(socket.SOL_SOCKET, option, value)
    finally:
        handle.detach()
