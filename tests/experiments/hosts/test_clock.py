"""The offset of another clock, by round trips."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from experiments.hosts.clock import offset_of

BEGAN_S = 1_700_000_000.0


class Distant:
    """A machine whose clock is off, and each of whose answers takes its time on the way."""

    def __init__(self, offset_s: float, ways_s: list[tuple[float, float]]) -> None:
        self.now_s = BEGAN_S
        self._offset_s = offset_s
        self._ways_s = iter(ways_s)

    def now(self) -> float:
        return self.now_s

    def ask(self) -> str:
        there_s, back_s = next(self._ways_s)
        self.now_s += there_s
        told = datetime.fromtimestamp(self.now_s + self._offset_s, UTC).isoformat()
        self.now_s += back_s
        return told


@pytest.mark.parametrize("offset_s", [0.0, -0.25, 180.0])
def test_an_even_way_tells_it_exactly(offset_s: float) -> None:
    far = Distant(offset_s, [(0.01, 0.01)])
    found = offset_of(far.ask, 1, far.now)
    assert found.offset_s == pytest.approx(offset_s, abs=1e-5)
    assert found.bound_s == pytest.approx(0.01, abs=1e-5)


def test_the_shortest_round_trip_tells_most() -> None:
    far = Distant(60.0, [(0.2, 0.01), (0.004, 0.002), (0.01, 0.3)])
    found = offset_of(far.ask, 3, far.now)
    assert found.bound_s == pytest.approx(0.003, abs=1e-5)
    assert found.offset_s == pytest.approx(60.001, abs=1e-5)


@pytest.mark.parametrize("ways_s", [(0.03, 0.0), (0.0, 0.03), (0.011, 0.007)])
def test_the_truth_is_within_the_bound_however_uneven_the_way(ways_s: tuple[float, float]) -> None:
    far = Distant(-7.0, [ways_s])
    found = offset_of(far.ask, 1, far.now)
    assert abs(found.offset_s + 7.0) <= found.bound_s + 1e-5


def test_an_engine_tells_nanoseconds() -> None:
    found = offset_of(lambda: "2023-11-14T22:13:20.123456789Z", 1, lambda: BEGAN_S)
    assert found.offset_s == pytest.approx(0.123456, abs=1e-5)


def test_a_clock_that_is_set_back_meanwhile_is_no_shorter_way() -> None:
    shown = iter([BEGAN_S, BEGAN_S - 0.4, BEGAN_S, BEGAN_S + 0.02, BEGAN_S + 0.1, BEGAN_S - 0.4])
    there = datetime.fromtimestamp(BEGAN_S + 60.01, UTC).isoformat()
    found = offset_of(lambda: there, 3, lambda: next(shown))
    assert found.bound_s == pytest.approx(0.01, abs=1e-5)
    assert found.offset_s == pytest.approx(60.0, abs=1e-5)


def test_one_that_is_set_back_in_every_look_is_asked_again() -> None:
    shown = iter([BEGAN_S, BEGAN_S - 0.4, BEGAN_S, BEGAN_S + 0.02])
    there = datetime.fromtimestamp(BEGAN_S + 60.01, UTC).isoformat()
    found = offset_of(lambda: there, 1, lambda: next(shown))
    assert found.bound_s == pytest.approx(0.01, abs=1e-5)
