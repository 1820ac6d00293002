"""What the web UI shows of a load is what the engine counted, also while nothing comes."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, cast

import pytest
from locust.env import Environment

from loadgen.engine.measures import Exchange
from loadgen.engine.recorder import Recorder
from loadgen.worker.locust_statistics import LocustStatistics

if TYPE_CHECKING:
    from loadgen.engine.engine import Engine

EXCHANGE = Exchange(b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n")


class FakeEngine:
    def __init__(self) -> None:
        self.recorder = Recorder()
        self.errors: Counter[str] = Counter()

    def by_path(self) -> dict[str, tuple[Recorder, Exchange]]:
        return {"/": (self.recorder, EXCHANGE)}


def rates(monkeypatch: pytest.MonkeyPatch, answered: list[int]) -> list[float]:
    """Requests a second as a master shows them, each second, with so many responses in each."""
    worker, master, engine = Environment(), Environment(), FakeEngine()
    statistics = LocustStatistics(worker)
    began_s, shown = 1_000_000.0, []
    master.stats.total.start_time = began_s
    for second, count in enumerate(answered):
        monkeypatch.setattr(time, "time", lambda now=began_s + second: now)
        for _ in range(count):
            engine.recorder.add(100)
        statistics.merge(cast("Engine", engine))
        master.stats.total.extend(worker.stats.total)
        worker.stats.reset_all()
        shown.append(master.stats.total.current_rps)
    return shown


def test_the_rate_of_a_server_that_stands_still_falls_to_nought(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = rates(monkeypatch, [100] * 20 + [0] * 15)
    assert shown[19] == 100
    assert 0 < shown[25] < 100
    assert shown[-1] == 0


def test_responses_are_counted_once_and_rates_are_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rates(monkeypatch, [0] * 3 + [50] * 20)[-1] == 50
