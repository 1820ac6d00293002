"""A trampoline: runs coroutines made of generators, each from one wait to the next.

A coroutine belongs to a descriptor. It yields what it waits for there, `INPUT` or `OUTPUT`, and is
resumed when that has come; in between it is a frame in memory that nothing refers to but this
table. That is all there is to it: the kernel keeps the list of those that wait, level-triggered,
and a `for` loop is the scheduler.
"""

from __future__ import annotations

import select
from collections.abc import Generator
from typing import TypeVar

from servers.readiness.mechanism import Readiness

INPUT, OUTPUT = select.EPOLLIN, select.EPOLLOUT

Result = TypeVar("Result")
Coroutine = Generator[int, None, Result]
"""Yields what it waits for; may be a part of another one, which takes its result (yield from)."""


class Trampoline:
    """Runs coroutines in the calling thread, one per descriptor, by a `Readiness` of epoll.

    What a coroutine raises goes to the caller of `turn`: one that is not to end the server
    catches it. A coroutine closes its descriptor before it ends, however it ends.
    """

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness
        self._coroutines: dict[int, Coroutine[None]] = {}

    def start(self, fd: int, coroutine: Coroutine[None]) -> None:
        """Run a new coroutine up to its first wait, which is for input.

        Raises LimitReachedError, before the coroutine has begun.
        """
        self._readiness.watch(fd)
        self._coroutines[fd] = coroutine
        next(coroutine)

    def end(self, fd: int) -> None:
        """End a coroutine where it waits, as if its `yield` had raised.

        It keeps its place until another one takes it: an event for it may be under way in this
        very turn, and one that has ended does nothing when it is resumed.
        """
        self._coroutines[fd].close()

    def turn(self, seconds: float) -> bool:
        """Wait (for ever if that is negative), and resume what is ready, each once.

        Returns whether there was anything.
        """
        coroutines, anything = self._coroutines, False
        for fd, events in self._readiness.wait(seconds):
            anything = True
            try:
                wanted = next(coroutines[fd])
            except StopIteration:
                del coroutines[fd]
                continue
            if wanted != events:  # it nearly always waits for the same as before
                self._watch(fd, wanted)
        return anything

    def _watch(self, fd: int, wanted: int) -> None:
        if wanted == INPUT:
            self._readiness.watch_input(fd)
        else:
            self._readiness.watch_output(fd)
