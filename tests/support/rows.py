"""Rows of trials.csv, made of results."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from contract.result.benchmark_result import BenchmarkResult
from contract.result.trial_result import TrialResult
from contract.result.window import Unanswered
from experiments.plan.trials import Trial
from experiments.records.outcome import Outcome
from experiments.records.trial_row import make_row
from tests.support.fakes import some_trials
from tests.support.results import (
    a_distribution,
    a_result,
    a_window,
    with_window,
)

TRIAL = next(trial for trial in some_trials() if trial.point.sweep == "s")
"""Of one server, with four connections and a window of a second."""
STARTED = "2026-01-01T00:00:00+00:00"


def row_of(
    result: TrialResult | BenchmarkResult | None, trial: Trial = TRIAL, **outcome: Any
) -> dict[str, Any]:
    """The row of a trial that left this result, and what else its outcome says."""
    return make_row("e", "r", STARTED, trial, Outcome(result, **{"elapsed_s": 3.5, **outcome}))


def changed(**window: Any) -> TrialResult:
    """A valid result but for these values of its window."""
    return with_window(a_result(), **window)


def open_row(cpu_s: float = 0.4, lag_p99_us: float = 40.0, **window: Any) -> dict[str, Any]:
    """A trial that was asked for 10,000 requests a second."""
    response = a_window().distributions["response"]
    lag = a_distribution(p99_us=lag_p99_us, max_us=lag_p99_us + 50.0)
    made = a_window(
        unanswered=Unanswered(count=3, oldest_us=70, most_waiting=5),
        cpu_ns=int(0.99e9),
        distributions={"response": response, "lag": lag},
    )
    result = with_window(a_result(cpu_s=cpu_s, window=made), **window)
    settings = replace(TRIAL.point.settings, load="open_loop", rate_per_s=1e4)
    return row_of(result, replace(TRIAL, point=replace(TRIAL.point, settings=settings)))
