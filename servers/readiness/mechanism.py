"""The interface between an event loop and select, poll, epoll or the like."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

FOREVER = -1.0  # in every mechanism, whatever its unit of time


class LimitReachedError(Exception):
    """A mechanism cannot watch one descriptor more."""

    def __init__(self, limit: str, value: int, message: str) -> None:
        super().__init__(message)
        self.limit, self.value, self.message = limit, value, message


class Readiness(Protocol):
    """A mechanism that tells which of the watched descriptors are ready."""

    ticks_per_s: float  # the unit of wait()'s argument

    # The first two are called most: a mechanism may put the C function itself in their place.
    def wait(self, ticks: float, /) -> Iterable[tuple[int, int]]:
        """Wait, for ever if `ticks` is negative; return (ready descriptor, anything) pairs."""

    def close(self, fd: int, /) -> None:
        """Stop watching a connection, and close it."""

    def watch(self, fd: int) -> None:
        """Watch a descriptor for input. Raises LimitReachedError."""

    def watch_output(self, fd: int) -> None:
        """From now on watch it for room to write, and not for input."""

    def watch_input(self, fd: int) -> None:
        """From now on watch it for input again."""

    def forget(self, fd: int) -> None:
        """Stop watching a descriptor that stays open."""
