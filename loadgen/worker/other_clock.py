"""The monotonic clock of another machine, whose probe says what time it is with each answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from contract.result.server_side import ProbeSample

LOOKS = 9
NS_PER_US = 1_000


@dataclass(frozen=True, slots=True)
class Offset:
    """That clock less this one, in ns; the truth is within `bound_ns` of it."""

    offset_ns: int
    bound_ns: int


class OtherClock:
    """Its moments on this machine's clock, by round trips: of several the shortest tells most,
    since the answer was given at some moment of it."""

    def __init__(
        self, ask: Callable[[], ProbeSample], now: Callable[[], int] = time.perf_counter_ns
    ) -> None:
        self._ask = ask
        self._now = now
        self._first = self._last = self._look()

    def look_again(self) -> None:
        """How far it has drifted since the beginning."""
        self._last = self._look()

    def here(self, sample: ProbeSample) -> ProbeSample:
        """The same with its moment as this machine has it, by the offset of the beginning."""
        return replace(sample, at_ns=sample.at_ns - self._first.offset_ns)

    @property
    def bound_us(self) -> float:
        """How far a moment may be off, its drift until the last look included. It says nothing of
        moments after that."""
        drift_ns = abs(self._last.offset_ns - self._first.offset_ns)
        return (max(self._first.bound_ns, self._last.bound_ns) + drift_ns) / NS_PER_US

    def _look(self) -> Offset:
        found = []
        for _ in range(LOOKS):
            asked_ns = self._now()
            there_ns = self._ask().at_ns
            answered_ns = self._now()
            trip_ns = answered_ns - asked_ns
            found.append(Offset(there_ns - asked_ns - trip_ns // 2, (trip_ns + 1) // 2))
        return min(found, key=lambda one: one.bound_ns)
