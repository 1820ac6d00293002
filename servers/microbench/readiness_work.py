"""What `readiness_bench` does over and over: a token round pipes, one wait among many descriptors.

The interface that waits is a `Readiness`, as in a server, and everything but the wait is the same
code for all of them.

`token_ring` is the pipe test of the epoll patch (Libenzi; tables by Morgan, Linux kernel mailing
list, October 2002): N pipes in a ring, all of them watched, and one byte that is read from the
pipe that is ready and written into the next one. The ends that are written to get high numbers,
so that select, which stops at descriptor 1,023, can watch nearly a thousand pipes.

`one_wait` times the wait alone: of N watched descriptors one, drawn at random, is made ready
before each wait. They are eventfds, since each is both of its ends: ten thousand of them fit
where ten thousand pipes would need twice as many descriptors.

Both can also be done bare, without an interface: the same descriptors read and written in the
order that is known anyway. What thousands of pipes cost by themselves (they do not fit into the
processor's caches) is then told apart from what watching them costs.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from itertools import cycle, islice
from random import Random
from typing import Protocol

from servers.readiness.mechanism import FOREVER, Readiness

TOKEN = b"x"
ONE = (1).to_bytes(8, sys.byteorder)  # what an eventfd takes and gives
OWN = 64  # descriptors of the interpreter, at most
DRAWN = 65_536  # descriptors to be made ready, one after the other, and then again
SEED = 2002


class Work(Protocol):
    """Something to do over and over, which needs one wait each time."""

    watched: int  # descriptors so far

    def __init__(self, readiness: Readiness, count: int) -> None:
        """Open the descriptors of so many to be watched. Raises OSError."""

    def bare(self, count: int) -> int:
        """Do so many turns without a wait, before anything is watched; return 0."""

    def watch(self) -> None:
        """Watch all. Raises LimitReachedError."""

    def turns(self, count: int) -> int:
        """Do so many turns; return the nanoseconds that their waits took, 0 if not timed."""

    def check(self) -> None:
        """Raise RuntimeError unless each wait told of the one descriptor that was ready."""


class TokenRing:
    """One byte goes round the pipes: a turn is one pass to the next pipe."""

    def __init__(self, readiness: Readiness, count: int) -> None:
        self.watched = 0
        self._readiness = readiness
        self._passes = 0
        self._readers: list[int] = []
        writers = []
        for _ in range(count):
            reader, low = os.pipe()
            writers.append(fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, count + OWN))
            os.close(low)
            self._readers.append(reader)
        self._next = dict(zip(self._readers, [*writers[1:], writers[0]], strict=True))
        self._round = cycle(self._readers)
        os.write(writers[0], TOKEN)

    def bare(self, count: int) -> int:
        read, write, following = os.read, os.write, self._next
        for fd in islice(self._round, count):
            read(fd, 1)
            write(following[fd], TOKEN)
        self._passes += count
        return 0

    def watch(self) -> None:
        for reader in self._readers:
            self._readiness.watch(reader)
            self.watched += 1

    def turns(self, count: int) -> int:
        wait, read, write, following = self._readiness.wait, os.read, os.write, self._next
        for _ in range(count):
            for fd, _ in wait(FOREVER):
                read(fd, 1)
                write(following[fd], TOKEN)
        self._passes += count
        return 0

    def check(self) -> None:
        expected = self._readers[self._passes % self.watched]
        found = [fd for fd, _ in self._readiness.wait(FOREVER)]
        if found != [expected]:
            raise RuntimeError(f"after {self._passes} passes, not {expected} but {found} is ready")


class OneWait:
    """One eventfd is made ready, waited for and read: a turn."""

    def __init__(self, readiness: Readiness, count: int) -> None:
        self.watched = 0
        self._readiness = readiness
        self._turns = self._right = 0
        self._fds = [os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK) for _ in range(count)]
        self._drawn = cycle(Random(SEED).choices(self._fds, k=DRAWN))  # noqa: S311 - not a secret

    def bare(self, count: int) -> int:
        read, write = os.read, os.write
        for fd in islice(self._drawn, count):
            write(fd, ONE)
            read(fd, 8)
        return 0

    def watch(self) -> None:
        for fd in self._fds:
            self._readiness.watch(fd)
            self.watched += 1

    def turns(self, count: int) -> int:
        wait, read, write, clock = self._readiness.wait, os.read, os.write, time.perf_counter_ns
        waited_ns = right = 0
        for fd in islice(self._drawn, count):
            write(fd, ONE)
            started = clock()
            ready = wait(FOREVER)
            waited_ns += clock() - started
            for found, _ in ready:
                read(found, 8)  # raises BlockingIOError for one that is not ready
                right += found == fd
        self._turns += count
        self._right += right
        return waited_ns

    def check(self) -> None:
        if self._right != self._turns:
            raise RuntimeError(f"{self._right} of {self._turns} waits told of what was ready")


WORKS: dict[str, type[Work]] = {"token_ring": TokenRing, "one_wait": OneWait}
