"""Trials without clients: an interface of readiness by itself, in the server's container.

`servers/microbench/readiness_bench.py` measures and prints; here it is waited for, and what it
printed becomes a trial's result.
"""

from __future__ import annotations

import time

from contract.result.benchmark_result import BenchmarkResult
from contract.result.document import from_json
from contract.result.scalars import DocumentError
from experiments.docker.driver import Driver
from experiments.records.server_log import events

LOOK_S = 0.05


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
        reason = f"{ending}: {' '.join(log.strip().splitlines()[-1:])}"
    try:
        return from_json(BenchmarkResult, {**told, "reason": reason})
    except DocumentError as error:
        return BenchmarkResult(reason=f"the benchmark's log cannot be read: {error}")
