"""Waiting for a quiet machine ends when it is, or after a while."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from experiments.machine import rest


def busy(monkeypatch: pytest.MonkeyPatch, percents: Iterator[float]) -> list[float]:
    """Processor use, look by look; returns how long each look took."""
    looked: list[float] = []

    def cpu_percent(interval: float) -> float:
        looked.append(interval)
        return next(percents)

    monkeypatch.setattr("psutil.cpu_percent", cpu_percent)
    return looked


def test_it_waits_until_the_machine_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = busy(monkeypatch, iter((60.0, 16.0, 14.0)))
    assert rest.await_rest()
    assert looked == [rest.LOOK_S] * 3


def test_a_machine_that_never_rests_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy(monkeypatch, iter(lambda: 90.0, None))
    assert not rest.await_rest(limit_s=0.0)
