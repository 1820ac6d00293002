"""Moments of the server's machine, as workers on others have them, and what they agree on."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from contract.result.window import Window
from loadgen.engine.summary import summarise
from loadgen.master.merged_window import merge_windows
from loadgen.worker import barrier, clocks
from loadgen.worker.barrier import Barrier
from loadgen.worker.clocks import LEAD_APART_NS, LEAD_NS, LOOKS, OwnClock, ServerClock, recorded_in
from loadgen.worker.probe_client import TrialVoid
from tests.loadgen.master.test_merging import window

MS = 1_000_000
MINUTE_NS = 60_000 * MS
DRIFT = 1e-3 / 60
"""A millisecond a minute."""


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

    def ask(self) -> int:
        trip_ns = self.round_trips_ns[len(self.asked) % len(self.round_trips_ns)]
        self.asked.append(self.now_ns)
        seen_ns = self.now_ns + round(trip_ns * self.there)
        self.now_ns += trip_ns
        return self.there_ns(seen_ns)

    def there_ns(self, here_ns: int) -> int:
        return here_ns + self.ahead_ns + round(self.drift * here_ns)

    def wait_until(self, there_ns: int) -> int:
        """Until the other clock shows this; what this one shows then."""
        self.now_ns = round((there_ns - self.ahead_ns) / (1 + self.drift))
        return self.now_ns


def clock_of(machines: Machines) -> ServerClock:
    """After its first look."""
    found = ServerClock(machines.ask, lambda: machines.now_ns)
    found.look()
    return found


def bound_ns(clock: ServerClock) -> float:
    assert clock.bound_us is not None
    return clock.bound_us * 1_000


@pytest.mark.parametrize("ahead_s", [-300.0, 0.0, 3_600.0])
@pytest.mark.parametrize("there", [0.0, 0.5, 1.0])
def test_a_moment_is_known_to_half_of_the_shortest_round_trip(ahead_s: float, there: float) -> None:
    machines = Machines(round(ahead_s * 1e9), [8 * MS, 2 * MS, 30 * MS], there)
    clock = clock_of(machines)
    assert len(machines.asked) == LOOKS
    assert bound_ns(clock) == MS
    happened_ns = 50 * MS
    seen_ns = machines.there_ns(happened_ns)
    for found, known in (
        (clock.here_ns(seen_ns), happened_ns),
        (clock.there_ns(happened_ns), seen_ns),
    ):
        assert abs(found - known) <= bound_ns(clock)
        assert found == known or there != 0.5


def test_what_it_drifts_is_part_of_the_bound() -> None:
    """A millisecond a minute, over a minute."""
    machines = Machines(0, [MS], drift=DRIFT)
    clock = clock_of(machines)
    machines.now_ns += MINUTE_NS
    clock.look()
    assert clock.bound_us == pytest.approx(500 + 1_000, rel=0.01)


def test_before_the_first_look_nothing_is_known() -> None:
    clock = ServerClock(lambda: 10**15)
    assert clock.bound_us is None
    assert clock.there_ns(7) == clock.here_ns(7) == 7


class Meeting:
    """Locust's messages between workers, all of whom have come when the last one has."""

    def __init__(self, workers: int) -> None:
        self.words: list[Any] = []
        self.barriers = [self._barrier(place, workers) for place in range(workers)]

    def _barrier(self, place: int, workers: int) -> Barrier:
        runner: Any = SimpleNamespace(register_message=lambda *_: None)
        found = Barrier(runner, f"load worker {place + 1}")
        found.join(place, workers)
        return found

    def agree(self, nows_ns: list[int], monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """The moment that each of them has, who came when its clock showed this."""
        for round_ in range(2):  # in the second all know what all have said in the first
            said: list[Any] = []
            found = []
            for one, now_ns in zip(self.barriers, nows_ns, strict=True):

                def meet(_step: str, word: Any, said: list[Any] = said) -> list[Any]:
                    said.append(word)
                    return self.words or [word]

                monkeypatch.setattr(one, "meet", meet)
                time = SimpleNamespace(perf_counter_ns=lambda now_ns=now_ns: now_ns)
                monkeypatch.setattr(barrier, "time", time)
                found.append(one.agree(f"begin {round_}"))
            self.words = said
        return found


def two_workers() -> list[Machines]:
    """On machines whose clocks are minutes off and drift; one has a slow way to the server's."""
    return [
        Machines(-7 * MINUTE_NS, [MS], there=0.9, drift=DRIFT),
        Machines(3 * MINUTE_NS, [6 * MS, 4 * MS], there=0.2, drift=-DRIFT),
    ]


def test_workers_of_three_clocks_agree_on_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    machines, meeting = two_workers(), Meeting(2)
    came = (20 * MINUTE_NS, 20 * MINUTE_NS + 80 * MS)
    nows, bounds = [], []
    for one, of, there_ns in zip(meeting.barriers, machines, came, strict=True):
        of.wait_until(20 * MINUTE_NS - 100 * MS)
        one.clock = clock = clock_of(of)
        bounds.append(bound_ns(clock))
        nows.append(of.wait_until(there_ns))
    moments = meeting.agree(nows, monkeypatch)
    assert max(moments) - min(moments) > 9 * MINUTE_NS, "as their own clocks have it"
    agreed = [of.there_ns(moment) for of, moment in zip(machines, moments, strict=True)]
    drifted = DRIFT * (LEAD_APART_NS + 200 * MS)
    assert abs(agreed[0] - agreed[1]) <= sum(bounds) + 2 * drifted
    for moment in agreed:
        assert abs(moment - max(came) - LEAD_APART_NS) <= sum(bounds) + 2 * drifted


def test_the_edges_that_they_record_are_of_one_clock_to_within_the_bounds() -> None:
    """Half a minute after their first look, and half a minute before the last one."""
    recorded: list[Window] = []
    bounds = []
    opened = (21 * MINUTE_NS, 21 * MINUTE_NS + 3 * MS)
    for of, there_ns in zip(two_workers(), opened, strict=True):
        of.wait_until(there_ns - MINUTE_NS // 2)
        clock = clock_of(of)
        here_ns = of.wait_until(there_ns)
        of.wait_until(there_ns + MINUTE_NS // 2)
        clock.look()
        recorded.append(recorded_in(clock, summarise(window([5], started_ns=here_ns))))
        bounds.append(bound_ns(clock))
        assert abs(recorded[-1].started_ns - there_ns) <= bounds[-1]
        assert recorded[-1].window_s == 1.0
    skew_ns = merge_windows(recorded, [[0], [1]]).skew_us * 1_000
    assert abs(skew_ns - 3 * MS) <= sum(bounds)
    assert min(bounds) > MS, "the drift of a minute is in them"


def test_workers_of_one_machine_need_no_other_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = Meeting(2)
    assert meeting.agree([100, 140], monkeypatch) == [140 + LEAD_NS] * 2
    alone = Meeting(1)
    assert alone.agree([100], monkeypatch) == [100]


def test_workers_without_a_clock_in_common_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = Meeting(2)
    machine = iter("abcd")
    monkeypatch.setattr(clocks, "machine", lambda: next(machine))
    with pytest.raises(TrialVoid, match="on several machines, whose clocks differ"):
        meeting.agree([100, 140], monkeypatch)


def test_a_new_load_begins_with_the_clock_of_this_machine() -> None:
    (one,) = Meeting(1).barriers
    one.clock = ServerClock(lambda: 0)
    one.join(0, 1)
    assert one.clock.of == OwnClock().of
