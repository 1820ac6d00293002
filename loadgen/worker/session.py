"""The worker's side of a load: ties Locust's events to the conductor and its engine.

Freezing happens in `test_stopping`, before Locust closes anything, and what was
counted is merged and sent before the worker reports that it has stopped: the
counts are exact however the load ends.
"""

from __future__ import annotations

import logging
import os
from functools import partial
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import STATE_RUNNING, STATE_SPAWNING, WorkerRunner
from locust.stats import StatsError

from contract.result.document import to_json
from contract.void_causes import SpoiledBy
from loadgen.option_checks import OptionsError, parse
from loadgen.options import Options
from loadgen.worker.barrier import Barrier
from loadgen.worker.engine_call import call
from loadgen.worker.locust_statistics import LocustStatistics
from loadgen.worker.partition import latecomer, split
from loadgen.worker.probe_client import TrialVoid
from loadgen.worker.progress import STOPPED, Progress
from loadgen.worker.trial_conductor import TrialConductor

logger = logging.getLogger(__name__)
PROGRESS, RESULT = "c10k_progress", "c10k_result"
FREEZE, FROZEN, GIVE_UP = "c10k_freeze", "c10k_frozen", "c10k_give_up"
PROGRESS_S = 1.0
GIVE_UP_S = 2.0


class Session:
    """One worker process; it conducts its share of one load at a time."""

    def __init__(self, environment: Environment, runner: WorkerRunner) -> None:
        self._environment = environment
        self._runner = runner
        name = f"load worker {os.environ.get('C10K_WORKER', runner.client_id)}"
        self._barrier = Barrier(runner, name)
        self._conductor: TrialConductor | None = None
        self._spawned = False
        self._statistics = LocustStatistics(environment)
        self._progress_of: Progress | None = None
        self._greenlets: list[gevent.Greenlet[..., Any]] = []
        runner.register_message(FREEZE, self._on_freeze)
        runner.register_message(GIVE_UP, self._on_give_up)
        events: Any = environment.events  # Locust leaves its hooks untyped
        self._events = events
        events.test_start.add_listener(self._start)
        events.spawning_complete.add_listener(self._on_spawned)
        events.test_stopping.add_listener(self._freeze)
        events.test_stop.add_listener(self._close)
        events.quitting.add_listener(self._freeze)  # before Locust says goodbye to the master
        events.report_to_master.add_listener(self._merge)
        # Who joins a load may be told to begin before Locust says that it is up.
        if runner.worker_state in (STATE_SPAWNING, STATE_RUNNING):
            self._start()

    def _start(self, **_kwargs: Any) -> None:
        try:
            whole = parse(vars(self._environment.parsed_options), self._environment.host)
            options = self._take_part(whole)
        except OptionsError as error:
            self._complain(str(error))
            return
        self._spawned = False
        self._statistics = LocustStatistics(self._environment)
        self._conductor = conductor = TrialConductor(
            options, self._barrier, self._users, lambda: self._spawned, self._tell
        )
        self._progress_of = Progress(conductor)
        work = partial(self._trial, whole) if options.is_trial else self._by_hand
        self._greenlets = [gevent.spawn(work, conductor), gevent.spawn(self._progress)]

    def _take_part(self, whole: Options) -> Options:
        """This worker's share of the load. Raises OptionsError when it comes too late for one."""
        me = self._runner.client_id
        team: list[str] = getattr(self._environment.parsed_options, "team", [me])
        if me in team:
            self._barrier.join(team.index(me), len(team))
            return split(whole, team.index(me), len(team))
        if whole.settings.open or whole.is_trial:
            raise OptionsError(
                f"{self._barrier.name} came when the load had been shared out; start it again"
            )
        self._barrier.join(0, 1)
        return latecomer(whole)

    def _users(self) -> int:
        return int(self._runner.user_count)

    def _on_spawned(self, **_kwargs: Any) -> None:
        self._spawned = True

    def _trial(self, whole: Options, conductor: TrialConductor) -> None:
        while self._runner.worker_state != STATE_RUNNING:
            gevent.sleep(0.01)
        result = conductor.run(whole)
        self._report()
        self._runner.send_message(RESULT, to_json(result))

    def _by_hand(self, conductor: TrialConductor) -> None:
        try:
            conductor.run_by_hand()
        except TrialVoid as void:
            self._complain(str(void))
        except Exception as error:
            logger.exception("the load failed")
            self._complain(f"the load worker failed: {error!r}")

    def _complain(self, message: str) -> None:
        """Show what is wrong where a person at the UI looks: among the failures."""
        logger.error(message)
        key = StatsError.create_key("LOAD", "start", message)
        self._environment.stats.errors[key] = StatsError("LOAD", "start", message, 1)

    def _tell(self, phase: str) -> None:
        self._send_progress(phase)

    def _progress(self) -> None:
        while True:
            gevent.sleep(PROGRESS_S)
            if self._conductor:
                self._send_progress(self._conductor.phase, ask=True)

    def _send_progress(self, phase: str, *, ask: bool = False) -> None:
        if self._progress_of is not None:
            standing = self._progress_of.standing(phase, ask=ask)
            self._runner.send_message(PROGRESS, to_json(standing))

    def _merge(self, **_kwargs: Any) -> None:
        """Before Locust serialises its statistics: add what the engine counted since."""
        if self._conductor and self._conductor.engine and self._conductor.measuring:
            self._statistics.merge(self._conductor.engine)

    def _report(self) -> None:
        """Send what was counted now: Locust's next report may come too late."""
        data: dict[str, Any] = {}
        self._events.report_to_master.fire(client_id=self._runner.client_id, data=data)
        self._runner.send_message("stats", data)

    def _freeze(self, **_kwargs: Any) -> None:
        conductor = self._conductor
        if conductor is None or conductor.engine is None or conductor.engine.finished:
            return
        conductor.freeze()
        self._report()
        self._send_progress(STOPPED)

    def _on_freeze(self, **_kwargs: Any) -> None:
        """The load is being stopped: a trial that has not ended by itself is void."""
        self._give_up("the load was stopped before its window had closed")
        try:
            self._freeze()
        finally:
            self._runner.send_message(FROZEN)

    def _on_give_up(self, msg: Any, **_kwargs: Any) -> None:
        self._give_up(msg.data["reason"], msg.data["spoiled_by"])

    def _give_up(self, reason: str, spoiled_by: SpoiledBy = "load") -> None:
        """A trial ends where it is, with this reason, and tells how far it has come."""
        conductor = self._conductor
        if conductor and conductor.options.is_trial:
            work = self._greenlets[0]
            work.kill(TrialVoid(reason, spoiled_by), timeout=GIVE_UP_S)

    def _close(self, **_kwargs: Any) -> None:
        for greenlet in self._greenlets:
            if greenlet is not gevent.getcurrent():
                greenlet.kill(block=False)
        conductor, self._conductor = self._conductor, None
        if self._progress_of is not None:
            self._progress_of.close()
        if conductor and conductor.engine and not conductor.engine.finished:
            call(conductor.engine, conductor.engine.close)
