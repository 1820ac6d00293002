"""A server on another machine is told to end: the moment is known to within the bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest

from contract.result.server_side import Environment, ProbeSample
from contract.result.stop import Stopped
from loadgen.engine.stop_log import StopLog
from loadgen.loads.stopping import Stopping
from loadgen.worker import stop_phase
from loadgen.worker.barrier import Barrier
from loadgen.worker.clocks import ServerClock
from loadgen.worker.probe_client import Probe, TrialVoid
from loadgen.worker.server_observer import ServerObserver
from tests.support.results import a_sample

MS = 1_000_000
TRIP_NS = MS // 10
HAD = 40


@dataclass
class Far:
    """A probe whose clock is ahead by an hour, and goes faster by 200 millionths."""

    now_ns: int = 5_000 * MS
    stopped_ns: int = 0
    """On this machine's clock."""

    def _sample(self, label: str) -> ProbeSample:
        seen_ns = self.now_ns + TRIP_NS // 2
        self.now_ns += TRIP_NS
        there_ns = seen_ns + 3_600_000 * MS + round(seen_ns * 2e-4)
        return a_sample(label, 0.0, 0.0, at_ns=there_ns)

    def ask(self, word: str) -> ProbeSample:
        return self._sample(word)

    def stop_server(self, _signal: str) -> ProbeSample:
        self.stopped_ns = self.now_ns + TRIP_NS // 2
        return self._sample("stop")


def observer_of(far: Far) -> ServerObserver:
    """As of a worker whose server is elsewhere, ten seconds after it last looked at the clock."""
    found = ServerObserver.__new__(ServerObserver)
    found._probe = cast(Probe, far)
    found.samples, found.core_loops_us = [], {}
    found.environment = Environment()
    found.clock = ServerClock(lambda: far.ask("clock").at_ns, lambda: far.now_ns)
    found.clock.look()
    far.now_ns += 10_000 * MS
    return found


def silent(far: Far) -> ServerObserver:
    """As of a worker that leaves the probe to another one."""
    found = observer_of(far)
    found._probe = None
    return found


@dataclass
class Engine:
    """Its server had requests, of which all end half a millisecond after it was told to."""

    far: Far

    def freeze(self) -> None:
        """Nothing is under way."""

    def end_log(self) -> StopLog:
        log = StopLog()
        for _ in range(HAD):
            log.lose(self.far.stopped_ns - 5 * MS, self.far.stopped_ns + MS // 2)
        return log


@dataclass
class Met:
    """Has heard these words of the others."""

    heard: list[Any]

    def meet(self, _step: str, word: Any = None) -> list[Any]:
        return [*self.heard, word]


def at_once(_engine: Stopping, command: Callable[[], Any]) -> Any:
    return command()


def stop(far: Far, observer: ServerObserver, heard: list[Any]) -> Stopped:
    engine, barrier = cast(Stopping, Engine(far)), cast(Barrier, Met(heard))
    return stop_phase.stop_server(engine, observer, barrier, "SIGTERM", 0.0)


def test_the_moment_of_the_stop_is_within_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    far = Far()
    observer = observer_of(far)
    monkeypatch.setattr(stop_phase, "call", at_once)
    told = stop(far, observer, []).told_ns
    bound_us = observer.clock.bound_us
    assert bound_us
    assert told == observer.samples[-1].at_ns, "as the server's machine has it"
    assert abs(observer.clock.here_ns(told) - far.stopped_ns) <= bound_us * 1_000
    assert bound_us > 2_000, "ten seconds of drift are in it"


def test_what_was_lost_at_once_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop_phase, "call", at_once)
    far = Far()
    found = stop(far, observer_of(far), [])
    assert (found.had_lost, found.came_lost) == (HAD, 0)


def test_the_workers_that_asked_no_probe_have_the_moment_by_their_own_clocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Within two milliseconds, as their clocks have drifted by that."""
    monkeypatch.setattr(stop_phase, "call", at_once)
    for late_ns, lost in ((0, HAD), (2 * MS, HAD), (6 * MS, 0)):
        far = Far()
        observer = silent(far)
        far.stopped_ns = far.now_ns + 9 * TRIP_NS
        told = observer.clock.there_ns(far.stopped_ns) + late_ns
        found = stop(far, observer, [told])
        assert (found.had_lost, found.told_ns) == (lost, told)


def test_a_load_without_a_probe_tells_nobody_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop_phase, "call", at_once)
    with pytest.raises(TrialVoid, match="nobody told the server to end"):
        stop(Far(), silent(Far()), [])
