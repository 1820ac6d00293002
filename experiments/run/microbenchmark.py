"""A trial without clients: an interface of readiness by itself, in the server's container.

`servers/microbench/readiness_bench.py` measures and prints; here it is waited for, and what it
printed becomes the trial's result.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from contract.result.benchmark_result import BenchmarkResult
from contract.result.document import from_json
from contract.result.scalars import DocumentError
from contract.void_causes import LOG_ENDS
from experiments.docker.driver import Driver
from experiments.plan.trials import Trial
from experiments.records import pins
from experiments.records.outcome import Outcome
from experiments.records.server_log import events, last_lines
from experiments.run.trial_containers import Containers

LOOK_S = 0.05
LOST_S = 60.0
"""Beside warm-up and window."""


class Microbenchmark:
    """Implements `TrialKind`. `settle` waits until the trial before is removed."""

    logged = ("server",)

    def __init__(
        self,
        trial: Trial,
        driver: Driver,
        containers: Containers,
        settle: Callable[[], None],
    ) -> None:
        self.started: dict[str, str] = {}
        self._trial = trial
        self._driver = driver
        self._containers = containers
        self._settle = settle

    def measure(self, outcome: Outcome) -> None:
        """The benchmark works from its start on, so no removal may run beside it."""
        settings, spec = self._trial.point.settings, self._containers.microbenchmark(self._trial)
        self._settle()
        container = self.started["server"] = self._driver.start(spec)
        ending = await_end(
            self._driver, container, settings.longest_warm_up_s + settings.window_s, LOST_S
        )
        outcome.result = replace(read(self._driver.logs(container), ending), asked=pins.asked(spec))

    def note_endings(self, outcome: Outcome) -> None:
        """The result says how it ended."""


def await_end(driver: Driver, container: str, busy_s: float, limit_s: float) -> str:
    """Wait for the benchmark's end; returns why it did not end well, if so.

    Nothing is asked of the engine in the first `busy_s`, which are warm-up and window.
    """
    deadline = time.monotonic() + busy_s + limit_s
    time.sleep(busy_s)
    while (state := driver.state(container)).running:
        if time.monotonic() > deadline:
            return f"the benchmark did not end within {busy_s + limit_s:.0f} s"
        time.sleep(LOOK_S)
    return f"the benchmark ended with {state.ending}" if state.exit_code else ""


def read(log: str, ending: str) -> BenchmarkResult:
    """What the benchmark printed, and in `reason` why nothing was measured, if so."""
    told = {str(event.get("event")): event for event in events(log)}
    reason = ending
    if "limit" in told:
        reason = told["limit"]["message"]
    elif ending:
        reason = f"{ending}{LOG_ENDS}{last_lines(log)}"
    try:
        return from_json(BenchmarkResult, {**told, "reason": reason})
    except DocumentError as error:
        return BenchmarkResult(reason=f"the benchmark's log cannot be read: {error}")
