"""The clock in which the workers of a load agree on moments, and in which they record them.

On the server's machine it is that of all its processes. Workers on other machines each know the
clock of the server's machine, whose probe says what time it is, to within half of a round trip:
so they need not know each other's, however many machines they are on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from contract.result.window import Window
from loadgen.worker.confinement import machine

LOOKS = 9
NS_PER_US = 1_000
LEAD_NS = 30_000_000
"""From the last worker's word to the moment that all agree on: the words have to come round, and
on a machine where workers share a core, one may have to wait for a few slices of the scheduler."""
LEAD_APART_NS = 250_000_000
"""The same where the words may go to another machine and back, by two connections to engines."""


class Clock(Protocol):
    """`of` names whose it is; `there_ns` is a moment of this process's monotonic clock in it, and
    `here_ns` the other way round. Moments are known to within `bound_us`; None: they are exact."""

    @property
    def of(self) -> str: ...

    @property
    def lead_ns(self) -> int: ...

    @property
    def bound_us(self) -> float | None: ...

    def look(self) -> None: ...

    def there_ns(self, here_ns: int) -> int: ...

    def here_ns(self, there_ns: int) -> int: ...


class OwnClock:
    """That of this machine."""

    lead_ns = LEAD_NS
    bound_us = None

    @property
    def of(self) -> str:
        return machine()

    def look(self) -> None:
        """Nothing is to be found out."""

    def there_ns(self, here_ns: int) -> int:
        return here_ns

    def here_ns(self, there_ns: int) -> int:
        return there_ns


@dataclass(frozen=True, slots=True)
class Offset:
    """That clock less this one, in ns; the truth is within `bound_ns` of it."""

    offset_ns: int
    bound_ns: int


class ServerClock:
    """That of the server's machine, by round trips: of several the shortest tells most, since the
    answer was given at some moment of it.

    `ask` returns what it shows, in ns. The first look, before the load, gives the offset; the last
    one, after it, how far that has drifted.
    """

    of = "the server's machine"
    lead_ns = LEAD_APART_NS

    def __init__(
        self, ask: Callable[[], int], now: Callable[[], int] = time.perf_counter_ns
    ) -> None:
        self._ask = ask
        self._now = now
        self._looks: list[Offset] = []

    def look(self) -> None:
        """Raises TrialVoid where nobody answers."""
        found = []
        for _ in range(LOOKS):
            asked_ns = self._now()
            there_ns = self._ask()
            trip_ns = self._now() - asked_ns
            found.append(Offset(there_ns - asked_ns - trip_ns // 2, (trip_ns + 1) // 2))
        self._looks.append(min(found, key=lambda one: one.bound_ns))

    @property
    def bound_us(self) -> float | None:
        """How far a moment may be off, its drift until the last look included; None before the
        first. It says nothing of moments after the last."""
        if not self._looks:
            return None
        first, last = self._looks[0], self._looks[-1]
        drift_ns = abs(last.offset_ns - first.offset_ns)
        return (max(first.bound_ns, last.bound_ns) + drift_ns) / NS_PER_US

    def there_ns(self, here_ns: int) -> int:
        return here_ns + self._offset_ns

    def here_ns(self, there_ns: int) -> int:
        return there_ns - self._offset_ns

    @property
    def _offset_ns(self) -> int:
        """A load that ends before the first look has agreed on no moment."""
        return self._looks[0].offset_ns if self._looks else 0


def recorded_in(clock: Clock, window: Window) -> Window:
    """The window with its edges as that clock has them."""
    started, ended = map(clock.there_ns, (window.started_ns, window.ended_ns))
    return replace(window, started_ns=started, ended_ns=ended)
