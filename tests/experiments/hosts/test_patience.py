"""A machine that goes away is waited for, a while, and not for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from contract.exits import Exit, LabError
from experiments.hosts import patience
from experiments.hosts.patience import TIMES, Patience
from experiments.plan.hosts import Host, Hosts

HOSTS = Hosts(server=Host(docker="ssh://a"), load=[Host(docker="ssh://b")])
GONE = LabError("ssh to b ended with 255", Exit.NO_DOCKER)


class Clock:
    """Each sleep is a moment's work."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Engine:
    def sweep(self) -> list[str]:
        return []


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(patience, "time", found)
    return found


def back_at(clock: Clock, second: float, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def engines(_run: str, _hosts: Hosts | None) -> Iterator[Engine]:
        if clock.now < second:
            raise GONE
        yield Engine()

    monkeypatch.setattr(patience, "engines", engines)


def test_the_run_goes_on_when_it_is_there_again(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_at(clock, 20.0, monkeypatch)
    said: list[str] = []
    assert Patience("r", HOSTS, said.append).outlasts(GONE)
    assert 20.0 <= clock.now < 25.0
    assert said == [
        "ssh to b ended with 255; it is waited for, 120 s at most",
        "it is there again; the run goes on",
    ]


def test_one_that_does_not_come_back_ends_the_run(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_at(clock, 1e9, monkeypatch)
    said: list[str] = []
    assert not Patience("r", HOSTS, said.append).outlasts(GONE)
    assert 120.0 <= clock.now < 130.0
    assert len(said) == 1


def test_it_is_waited_for_three_times(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    back_at(clock, 0.0, monkeypatch)
    waits = Patience("r", HOSTS, lambda _: None)
    assert [waits.outlasts(GONE) for _ in range(TIMES + 1)] == [True, True, True, False]


@pytest.mark.parametrize(
    "error",
    [LabError("no space left", Exit.NOT_READY), KeyboardInterrupt(), ValueError("a fault")],
)
def test_nothing_else_is_waited_for(
    error: BaseException, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_at(clock, 0.0, monkeypatch)
    assert not Patience("r", HOSTS, lambda _: None).outlasts(error)
    assert clock.now == 0.0


def test_on_one_machine_nothing_is_waited_for() -> None:
    assert not Patience("r", None, lambda _: None).outlasts(GONE)
