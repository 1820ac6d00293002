"""Moments of another machine's clock, as this one has them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from contract.result.server_side import ProbeSample
from loadgen.worker.other_clock import LOOKS, OtherClock
from tests.support.results import a_sample

MS = 1_000_000


@dataclass
class Machines:
    """Two clocks, of which the other is ahead by `ahead_ns` and drifts; answers take their time, of
    the round trips in turn, of which `there` is spent on the way there."""

    ahead_ns: int
    round_trips_ns: list[int]
    there: float = 0.5
    drift: float = 0.0
    now_ns: int = 5 * MS
    asked: list[int] = field(default_factory=list)

    def ask(self) -> ProbeSample:
        trip_ns = self.round_trips_ns[len(self.asked) % len(self.round_trips_ns)]
        self.asked.append(self.now_ns)
        seen_ns = self.now_ns + round(trip_ns * self.there)
        self.now_ns += trip_ns
        return a_sample("look", 0.0, 0.0, at_ns=self.there_ns(seen_ns))

    def there_ns(self, here_ns: int) -> int:
        return here_ns + self.ahead_ns + round(self.drift * here_ns)


def clock_of(machines: Machines) -> OtherClock:
    return OtherClock(machines.ask, lambda: machines.now_ns)


@pytest.mark.parametrize("ahead_s", [-300.0, 0.0, 3_600.0])
@pytest.mark.parametrize("there", [0.0, 0.5, 1.0])
def test_a_moment_is_known_to_half_of_the_shortest_round_trip(ahead_s: float, there: float) -> None:
    machines = Machines(round(ahead_s * 1e9), [8 * MS, 2 * MS, 30 * MS], there)
    clock = clock_of(machines)
    assert len(machines.asked) == LOOKS
    assert clock.bound_us == 1_000
    happened_ns = 50 * MS
    seen = clock.here(a_sample("open", 0.0, 0.0, at_ns=machines.there_ns(happened_ns)))
    assert abs(seen.at_ns - happened_ns) <= clock.bound_us * 1_000
    if there == 0.5:
        assert seen.at_ns == happened_ns


def test_what_it_drifts_is_part_of_the_bound() -> None:
    """A millisecond a minute, over a minute."""
    machines = Machines(0, [MS], drift=1e-3 / 60)
    clock = clock_of(machines)
    machines.now_ns += 60_000 * MS
    clock.look_again()
    assert clock.bound_us == pytest.approx(500 + 1_000, rel=0.01)
