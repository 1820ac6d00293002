"""Real-time signals: the kernel puts each change into a queue of signals, with the descriptor.

How it works. A socket can send its owner a signal when something happens to it (O_ASYNC), and
F_SETSIG makes that a real-time signal: unlike SIGIO these are queued, one for each change, and
carry the descriptor and what has happened. The server blocks the signal, so that it interrupts
nothing, and takes the signals out of the queue with sigtimedwait(2): the first way that Linux had
of telling changes alone, at a price that does not grow with the connections that are idle.

Each change is told once, so this is an edge-triggered loop, the same as that of `epoll_edge`
(servers/readiness/edge.py). What came before O_ASYNC was set is not told at all: a new connection
is read from at once.

Where it breaks. The queue has an end, RLIMIT_SIGPENDING, common to all processes of the user.
When it is full, further changes are lost, and all that comes is one SIGIO, which says just that.
The server must then throw away what is in the queue and look at every connection with poll(), the
very thing it was to be spared, at the moment when most is going on. And a signal outlives its
descriptor: it may have been closed, and be another connection by now, when the signal is taken.
One signal is one system call, and each connection takes three more before the first byte, to name
the owner, the signal and the mode. epoll tells the same changes a list at a time, merges those of
one connection, and cannot overflow.

What it costs. Counted with strace: a request takes read, write and sigtimedwait, and one more that
finds the queue empty: 4.0 system calls with one connection, 3.2 with 8 and 3.1 with 64, where
epoll_level takes 3.0, 2.1 and 2.0.

Source. Kegel, "The C10K problem", among the kinds of readiness change notification, with the
advice for the overflow; fcntl(2), "Signals"; Libenzi's measurements, in which /dev/epoll was 10 to
15% faster than one signal per descriptor.

Not shared with the HOWTO's listings: example 4, too, is told of each change once, and loops for
ever in recv() when a peer has closed early; here an end is read once, and the connection closed.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import resource
import select
import signal
import struct
from collections.abc import Iterable

from servers.core.events import EventLog
from servers.core.settings import FOR_POOLS, FOR_SHARED_EPOLL, FOR_THREADS, Settings
from servers.core.variant import Group, Variant
from servers.readiness.edge import READY, WRITABLE, EdgeServer

CHANGE = signal.SIGRTMIN + 1
AT_ONCE = 64  # signals taken before they are dealt with
UNTIL_EMPTY = READY | select.EPOLLRDHUP  # to an EdgeServer: a short read is not the last one
_SIGINFO = struct.Struct("@i12xli")  # of 64-bit Linux: si_signo, si_band, si_fd
_SIGINFO_BYTES = 128
_SIGSET_BYTES = 128
_TIMESPEC = struct.Struct("@ll")


class SignalReadiness:
    """`Readiness` by signals that carry a descriptor. To be made in the main thread."""

    ticks_per_s = 1.0

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._watched: set[int] = set()
        self._unseen: set[int] = set()  # watched only now: what came before was not signalled
        signal.pthread_sigmask(signal.SIG_BLOCK, {CHANGE, signal.SIGIO})
        # Python's own signal.sigtimedwait() does not return the descriptor.
        library = ctypes.CDLL(None, use_errno=True)
        self._take = library.sigtimedwait
        self._info = ctypes.create_string_buffer(_SIGINFO_BYTES)
        self._signals = ctypes.create_string_buffer(_SIGSET_BYTES)
        library.sigemptyset(self._signals)
        for number in (CHANGE, signal.SIGIO):
            library.sigaddset(self._signals, number)

    def wait(self, ticks: float) -> Iterable[tuple[int, int]]:
        found: dict[int, int] = dict.fromkeys(self._unseen, UNTIL_EMPTY)
        self._unseen.clear()
        take, signals, info, watched = self._take, self._signals, self._info, self._watched
        timeout = None if ticks < 0 and not found else _timespec(0.0 if found else ticks)
        at_once = _timespec(0.0)
        for _ in range(AT_ONCE):
            number = take(signals, info, timeout)
            if number != CHANGE:
                break
            _, band, fd = _SIGINFO.unpack_from(info)
            if fd in found:
                found[fd] = UNTIL_EMPTY
            elif fd in watched:  # if not, it was closed after the signal had been sent
                found[fd] = WRITABLE if band & select.POLLOUT else READY
            timeout = at_once
        else:
            return found.items()
        if number == signal.SIGIO:
            self._start_anew(found)
        elif ctypes.get_errno() not in {errno.EAGAIN, errno.EINTR}:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return found.items()

    def watch(self, fd: int) -> None:
        fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(fd, fcntl.F_SETSIG, CHANGE)
        flags = fcntl.fcntl(fd, fcntl.F_GETFL)
        fcntl.fcntl(fd, fcntl.F_SETFL, flags | fcntl.FASYNC)
        self._watched.add(fd)
        self._unseen.add(fd)

    def close(self, fd: int) -> None:
        self._watched.discard(fd)
        self._unseen.discard(fd)
        os.close(fd)

    def watch_output(self, fd: int) -> None:
        """Do nothing: room for output is signalled anyway."""

    def watch_input(self, fd: int) -> None:
        """Do nothing: so is input."""

    def forget(self, fd: int) -> None:
        fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) & ~fcntl.FASYNC)
        self._watched.discard(fd)
        self._unseen.discard(fd)

    def _start_anew(self, found: dict[int, int]) -> None:
        """Signals have been lost, nobody knows whose: empty the queue, and look at everything."""
        limit, _ = resource.getrlimit(resource.RLIMIT_SIGPENDING)
        self._log.limit(
            "sigpending",
            limit,
            f"the queue of signals was full (limit {limit}, for all processes of this user):"
            " all connections are looked at by poll() instead, each time that this happens;"
            " raise the sigpending limit of the server",
        )
        signal.signal(CHANGE, signal.SIG_IGN)  # this is what discards those that are pending
        signal.signal(CHANGE, signal.SIG_DFL)
        everything = select.poll()
        for fd in self._watched:
            everything.register(fd, select.POLLIN | select.POLLOUT)
        for fd, events in everything.poll(0):
            found[fd] = WRITABLE if events == select.POLLOUT else UNTIL_EMPTY


def _timespec(seconds: float) -> bytes:
    return _TIMESPEC.pack(int(seconds), int(seconds % 1 * 1e9))


def serve(settings: Settings, log: EventLog) -> None:
    """Serve until the process is told to stop."""
    EdgeServer(settings, log, SignalReadiness(log)).run()


VARIANT = Variant(
    idea="the kernel queues a signal for each change, and the server waits for signals",
    workers="1 thread",
    group=Group.COMPLETION,
    since="2.4",
    ignores=FOR_THREADS | FOR_POOLS | FOR_SHARED_EPOLL,
    serve=serve,
)
