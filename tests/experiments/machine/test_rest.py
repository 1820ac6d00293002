"""Waiting for a quiet machine ends when it is, or after a while."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from experiments.machine.rest import LOOK_S, Rest


def busy(monkeypatch: pytest.MonkeyPatch, percents: Iterator[float]) -> list[float]:
    """Processor use, look by look, a second each; returns how long each look took."""
    looked: list[float] = []

    def cpu_percent(interval: float) -> float:
        looked.append(interval)
        return next(percents)

    monkeypatch.setattr("psutil.cpu_percent", cpu_percent)
    monkeypatch.setattr("time.monotonic", lambda: float(len(looked)))
    return looked


def test_it_waits_until_the_machine_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = busy(monkeypatch, iter((60.0, 16.0, 14.0)))
    assert Rest()()
    assert looked == [LOOK_S] * 3


def test_a_machine_that_never_rests_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = busy(monkeypatch, iter(lambda: 90.0, None))
    rest = Rest(limit_s=5.0)
    assert not rest()
    assert not rest()
    assert len(looked) == 5


def test_what_is_left_of_the_limit_is_for_the_next_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = busy(monkeypatch, iter((90.0, 1.0, 90.0, 90.0, 90.0, 90.0)))
    rest = Rest(limit_s=5.0)
    assert rest()
    assert not rest()
    assert len(looked) == 5
