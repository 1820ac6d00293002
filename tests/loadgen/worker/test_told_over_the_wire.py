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
from loadgen.worker.other_clock import OtherClock
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
    found._clock = OtherClock(lambda: far.ask("look"), lambda: far.now_ns)
    far.now_ns += 100 * MS
    found._clock.look_again()
    far.now_ns += 10_000 * MS
    return found


def silent() -> ServerObserver:
    """As of a worker that leaves the probe to another one."""
    found = observer_of(Far())
    found._probe = found._clock = None
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


def test_the_moment_of_the_stop_is_within_its_bound() -> None:
    far = Far()
    observer = observer_of(far)
    told = observer.stop_server("SIGTERM")
    assert told is not None
    assert observer.clock_bound_us
    assert abs(told - far.stopped_ns) <= observer.clock_bound_us * 1_000
    assert observer.clock_bound_us > 2_000, "ten seconds of drift are in it"


def test_what_was_lost_at_once_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop_phase, "call", at_once)
    far = Far()
    found = stop(far, observer_of(far), [])
    assert (found.had_lost, found.came_lost) == (HAD, 0)


def test_the_workers_that_asked_no_probe_have_the_bound_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stop_phase, "call", at_once)
    far = Far(stopped_ns=5_000 * MS)
    late_ns = far.stopped_ns + 2 * MS
    assert stop(far, silent(), [[late_ns, 2 * MS]]).had_lost == HAD
    assert stop(far, silent(), [[late_ns, MS]]).had_lost == 0


def test_a_load_without_a_probe_tells_nobody_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stop_phase, "call", at_once)
    with pytest.raises(TrialVoid, match="nobody told the server to end"):
        stop(Far(), silent(), [])
