"""A worker that tells nothing any more has no rate, and adds none to that of all."""

from __future__ import annotations

from typing import Any

from loadgen.master.live_totals import LiveTotals
from loadgen.master.tabs import CONNECTIONS, tables
from loadgen.worker.standing import Standing


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def told(requests: int, at_s: float) -> Standing:
    return Standing(
        trial="poll", phase="window", idle=0, active=2, wanted=2, at_s=at_s, requests=requests
    )


def rows(totals: LiveTotals) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = next(
        table["data"] for table in tables(totals, []) if table["key"] == CONNECTIONS.key
    )
    return found


def test_a_worker_that_was_lost_adds_nothing_to_the_rate() -> None:
    clock = Clock()
    totals = LiveTotals(clock)
    totals.begin("poll")
    for second in range(2):
        clock.now_s += 1
        for worker in ("a_1", "b_2"):
            totals.tell(worker, told(100 * second, float(second)))
    assert [row["rate"] for row in rows(totals)] == [200, 100, 100]
    for second in range(2, 12):  # b was killed
        clock.now_s += 1
        totals.tell("a_1", told(100 * second, float(second)))
    assert [row["rate"] for row in rows(totals)] == [100, 100, None]
