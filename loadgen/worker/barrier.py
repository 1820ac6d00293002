"""A load worker among the others of one load: they meet before each step that all take at once.

At a meeting each one says a word and hears everybody's, through the master and in Locust's own
messages (`master/coordinator.py` is its side). A worker that is alone has nobody to wait for, and
sends nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import AsyncResult

from loadgen.worker.clocks import Clock, OwnClock
from loadgen.worker.probe_client import TrialVoid

if TYPE_CHECKING:
    from locust.runners import WorkerRunner

MEET, GO = "c10k_meet", "c10k_go"
MEET_S = 60.0
"""Longer than any step takes: a worker that fails or is lost is told of before."""


class Barrier:
    """Knows this worker's place among `workers`, from 0; the one in place 0 asks the probe. `clock`
    is the one in which they agree on moments."""

    def __init__(self, runner: WorkerRunner, name: str) -> None:
        self.name = name
        self.worker = 0
        self.workers = 1
        self.clock: Clock = OwnClock()
        self._runner = runner
        self._answers: dict[str, AsyncResult[list[Any]]] = {}
        runner.register_message(GO, self._on_go)

    def join(self, worker: int, workers: int) -> None:
        """Take this place in a new load."""
        self.worker, self.workers = worker, workers
        self.clock = OwnClock()
        self._answers = {}

    @property
    def leads(self) -> bool:
        """Whether this one does what only one may do."""
        return self.worker == 0

    def meet(self, step: str, word: Any = None) -> list[Any]:
        """Wait until all workers are here; everybody's word, by place. Raises TrialVoid."""
        if self.workers == 1:
            return [word]
        answer = self._answers[step] = AsyncResult()
        self._runner.send_message(MEET, {"step": step, "word": word, "name": self.name})
        try:
            return answer.get(timeout=MEET_S) or []
        except gevent.Timeout:
            raise TrialVoid(f"not all load workers came to {step!r} within {MEET_S:g} s") from None

    def agree(self, step: str) -> int:
        """A moment for all to take a step, in ns of this process's monotonic clock.

        Raises TrialVoid where the workers have no clock in common.
        """
        clock = self.clock
        words = self.meet(step, [clock.of, clock.there_ns(time.perf_counter_ns())])
        if len({whose for whose, _ in words}) > 1:
            raise TrialVoid(
                "the load workers are on several machines, whose clocks differ: "
                "their windows cannot be opened together"
            )
        latest = max(int(now) for _, now in words)
        return clock.here_ns(latest + clock.lead_ns if self.workers > 1 else latest)

    def _on_go(self, msg: Any, **_kwargs: Any) -> None:
        answer = self._answers.get(msg.data["step"])
        if answer is not None:
            answer.set(msg.data["words"])
