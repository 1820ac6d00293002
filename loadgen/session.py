"""The worker's side of a load: ties Locust's events to the conductor and its engine.

Freezing happens in `test_stopping`, before Locust closes anything, and what was
counted is merged and sent before the worker reports that it has stopped: the
counts are exact however the load ends.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import STATE_RUNNING, WorkerRunner
from locust.stats import StatsError

from loadgen.conduct import Conductor, call
from loadgen.engine import Engine
from loadgen.live import Live
from loadgen.options import OptionsError, parse
from loadgen.questions import TrialVoid
from loadgen.recorder import to_histogram

logger = logging.getLogger(__name__)
PROGRESS, RESULT = "c10k_progress", "c10k_result"
PROGRESS_S = 1.0


class Session:
    """One worker process; it conducts one load at a time."""

    def __init__(self, environment: Environment, runner: WorkerRunner) -> None:
        self._environment = environment
        self._runner = runner
        self._conductor: Conductor | None = None
        self._live = Live(environment)
        self._last = 0, time.monotonic()
        self._greenlets: list[gevent.Greenlet[..., Any]] = []
        events: Any = environment.events  # Locust leaves its hooks untyped
        self._events = events
        events.test_start.add_listener(self._start)
        events.test_stopping.add_listener(self._freeze)
        events.test_stop.add_listener(self._close)
        events.report_to_master.add_listener(self._merge)

    def _start(self, **_kwargs: Any) -> None:
        try:
            options = parse(vars(self._environment.parsed_options), self._environment.host)
        except OptionsError as error:
            self._complain(str(error))
            return
        self._live = Live(self._environment)
        self._last = 0, time.monotonic()
        self._conductor = conductor = Conductor(options, self._users, self._tell)
        work = self._trial if options.is_trial else self._by_hand
        self._greenlets = [gevent.spawn(work, conductor), gevent.spawn(self._progress)]

    def _users(self) -> int:
        return int(self._runner.user_count)

    def _trial(self, conductor: Conductor) -> None:
        while self._runner.worker_state != STATE_RUNNING:
            gevent.sleep(0.01)
        self._runner.send_message(RESULT, conductor.run())

    def _by_hand(self, conductor: Conductor) -> None:
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
                self._send_progress(self._conductor.phase)

    def _send_progress(self, phase: str) -> None:
        conductor = self._conductor
        if conductor is None:
            return
        options, engine = conductor.options, conductor.engine
        row: dict[str, Any] = {"trial": options.trial or options.host, "phase": phase}
        if engine:
            gauges = engine.gauges()
            row |= {
                "idle": gauges.idle_established,
                "active": gauges.active_established,
                "wanted": gauges.active_wanted,
            }
            if not options.is_trial:  # a sweep's window wants a quiet hub
                row |= self._counts(engine)
        self._runner.send_message(PROGRESS, row)

    def _counts(self, engine: Engine) -> dict[str, Any]:
        counts = engine.response.snapshot()
        histogram = to_histogram(counts)
        requests, now = sum(counts.values()), time.monotonic()
        before, at = self._last
        self._last = requests, now
        return {
            "rate": round(max(requests - before, 0) / (now - at)),
            "p50": histogram.get_value_at_percentile(50),
            "p99": histogram.get_value_at_percentile(99),
            "errors": sum(engine.errors.values()),
        }

    def _merge(self, **_kwargs: Any) -> None:
        """Before Locust serialises its statistics: add what the engine counted since."""
        if self._conductor and self._conductor.engine and self._conductor.measuring:
            self._live.merge(self._conductor.engine)

    def _freeze(self, **_kwargs: Any) -> None:
        conductor = self._conductor
        if conductor is None or conductor.engine is None or conductor.engine.finished:
            return
        conductor.freeze()
        data: dict[str, Any] = {}
        self._events.report_to_master.fire(client_id=self._runner.client_id, data=data)
        self._runner.send_message("stats", data)
        self._send_progress("stopped")

    def _close(self, **_kwargs: Any) -> None:
        for greenlet in self._greenlets:
            if greenlet is not gevent.getcurrent():
                greenlet.kill(block=False)
        conductor, self._conductor = self._conductor, None
        if conductor and conductor.engine and not conductor.engine.finished:
            call(conductor.engine, conductor.engine.close)
