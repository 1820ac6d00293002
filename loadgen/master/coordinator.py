"""The master's side of a load on several workers: who takes part, who is where, who is lost.

Every kind of stop has two phases, as Locust by itself waits too short for the last reports: all
workers freeze, then all counts are collected. A trial's results become one; a worker that fails or
is lost ends the trial for all.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import STATE_MISSING, MasterRunner, WorkerNodes
from locust.stats import StatsError

from contract.result.document import from_json
from contract.result.load_side import WorkerResult
from contract.result.scalars import DocumentError
from contract.result.trial_result import TrialResult
from contract.void_causes import Blame
from loadgen.master.merging import merge
from loadgen.worker.barrier import GO, MEET
from loadgen.worker.session import FREEZE, FROZEN, GIVE_UP, RESULT

logger = logging.getLogger(__name__)
WATCH_S = 1.0
FREEZE_S = 10.0
"""Merging and sending the counts of 10,000 connections takes a tenth of a second."""
LAST_WORD_S = 3.0
"""For the others' results once one has failed: they say how far the load had come."""


class Coordinator:
    """Lives as long as the master. `deliver` gets the result of each trial."""

    def __init__(
        self,
        environment: Environment,
        runner: MasterRunner,
        deliver: Callable[[TrialResult, Iterable[str]], None],
    ) -> None:
        self._environment = environment
        self._runner = runner
        self._deliver = deliver
        self._members: list[str] = []
        self._names: dict[str, str] = {}
        self._trial = ""
        self._reason = ""
        self._spoiled_by: Blame = ""
        self._met: dict[str, dict[str, Any]] = {}
        self._results: dict[str, WorkerResult] = {}
        self._lost: list[str] = []
        self._frozen: set[str] = set()
        self._ending: gevent.Greenlet[..., Any] | None = None
        runner.register_message(MEET, self._on_meet)
        # In a greenlet of its own: it may wait for messages, which this one receives.
        runner.register_message(RESULT, self._on_result, concurrent=True)
        runner.register_message(FROZEN, self._on_frozen)
        events: Any = environment.events  # Locust leaves its hooks untyped
        events.test_start.add_listener(self._begin)
        events.test_stopping.add_listener(self._freeze)
        events.worker_connect.add_listener(self._on_stranger)
        gevent.spawn(self._watch)

    def _begin(self, **_kwargs: Any) -> None:
        """Who is here takes part; Locust hands its options on to each of them."""
        options: Any = self._environment.parsed_options
        self._members = options.team = sorted(self._present())
        self._forget_ending()
        self._trial = options.trial
        self._reason, self._spoiled_by = "", ""
        self._names, self._met, self._results, self._lost = {}, {}, {}, []

    def _present(self) -> set[str]:
        clients = self._runner.clients
        return {worker for worker, node in clients.items() if node.state != STATE_MISSING}

    def _on_meet(self, msg: Any, **_kwargs: Any) -> None:
        self._names[msg.node_id] = msg.data["name"]
        words = self._met.setdefault(msg.data["step"], {})
        words[msg.node_id] = msg.data["word"]
        if words.keys() >= set(self._members):
            answer = {"step": msg.data["step"], "words": [words[one] for one in self._members]}
            for member in self._members:
                self._runner.send_message(GO, answer, member)

    # A trial.

    def _on_result(self, msg: Any, **_kwargs: Any) -> None:
        if not self._trial or msg.node_id not in self._members:
            return  # of a trial that was given up
        try:
            result = from_json(WorkerResult, msg.data)
        except DocumentError as error:
            self._lose(msg.node_id, f"sent a result that cannot be read: {error}")
            return
        self._results[msg.node_id] = result
        reason = result.reason
        if reason and len(self._members) > 1:
            reason = f"{result.name}: {reason}"
        self._go_on(reason, result.spoiled_by)

    def _go_on(self, reason: str, spoiled_by: Blame) -> None:
        """A worker has ended, or is lost. If it cannot go on, the others need not."""
        left = set(self._members) - self._results.keys() - set(self._lost)
        first = reason and not self._reason
        if first:
            self._reason, self._spoiled_by = reason, spoiled_by
        if not left:
            self._finish()
        elif first:
            for member in left:
                told = {"reason": reason, "spoiled_by": spoiled_by}
                self._runner.send_message(GIVE_UP, told, member)
            self._ending = gevent.spawn_later(LAST_WORD_S, self._finish)

    def _finish(self) -> None:
        """One result of all, and let the workers go: each trial has fresh ones."""
        self._forget_ending()
        came = [self._results[one] for one in self._members if one in self._results]
        members = self._members
        result = merge(self._trial, came, self._reason, self._spoiled_by)
        self._trial, self._members = "", []
        # Their containers are about to be removed: forget them now, not after missed heartbeats.
        self.forget(self._runner.clients)
        self._runner.stop(send_stop_to_client=False)
        self._runner.check_stopped()
        self._deliver(result, members)

    def abandon(self) -> None:
        """Give up the trial that goes on, if any, and forget all workers: whoever asks has ended
        their containers. A worker that stayed known would keep Locust from being ready again,
        and a minute after its last sign of life begin the load that runs then anew.
        """
        self._forget_ending()
        self._trial, self._members = "", []
        self.forget(self._runner.clients)

    def forget(self, workers: Iterable[str]) -> None:
        """Locust may be looking from one worker to the next, so its list stays what it is."""
        known, gone = WorkerNodes(), set(workers)
        if not gone:
            return
        known.update(
            {name: node for name, node in self._runner.clients.items() if name not in gone}
        )
        self._runner.clients = known

    def _forget_ending(self) -> None:
        ending, self._ending = self._ending, None
        if ending is not None and ending is not gevent.getcurrent():
            ending.kill(block=False)

    def _on_stranger(self, client_id: str, **_kwargs: Any) -> None:
        """A trial's users are shared out: Locust would take some of them for a newcomer."""
        if self._trial and client_id not in self._members:
            self._go_on(
                f"load worker {client_id}, which is not of this trial, came into it", "load"
            )

    # Who is lost.

    def _watch(self) -> None:
        while True:
            gevent.sleep(WATCH_S)
            for member in sorted(set(self._members) - self._present() - self._results.keys()):
                if member not in self._lost:
                    self._lose(member, "was lost")

    def _lose(self, member: str, how: str) -> None:
        message = f"{self._names.get(member, f'load worker {member}')} {how}"
        logger.error(message)
        self._lost.append(member)
        if self._trial:
            self._go_on(message, "load")
        else:  # where a person at the UI looks
            key = StatsError.create_key("LOAD", "worker", message)
            self._environment.stats.errors[key] = StatsError("LOAD", "worker", message, 1)

    # Every kind of stop.

    def _freeze(self, **_kwargs: Any) -> None:
        """Wait until all that are here have stopped and sent their counts."""
        asked = self._present()
        self._frozen = set()
        if not self._trial:  # whoever leaves from now on is not lost
            self._members = []
        for worker in asked:
            self._runner.send_message(FREEZE, None, worker)
        deadline = time.monotonic() + FREEZE_S
        while (late := asked & self._present() - self._frozen) and time.monotonic() < deadline:
            gevent.sleep(0.01)
        if late:
            logger.error(f"no last counts from {', '.join(sorted(late))}")

    def _on_frozen(self, msg: Any, **_kwargs: Any) -> None:
        self._frozen.add(msg.node_id)
