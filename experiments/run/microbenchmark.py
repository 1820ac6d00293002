"""Trials without clients: an interface of readiness by itself, in the server's container.

`servers/microbench/readiness_bench.py` measures and prints; here it is waited for, and what it
printed becomes a trial's figures. A turn, which is a pass of the token or a wait, counts as a
request.
"""

from __future__ import annotations

import math
import time
from typing import Any

from experiments.docker.driver import Driver
from experiments.records.quotient import at_least_0, per
from experiments.records.server_log import events

NS = 1e9
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


def read(log: str, ending: str) -> dict[str, Any]:
    """The benchmark's events by name, and in `reason` why nothing was measured, if so."""
    told = {event.pop("event"): event for event in events(log)}
    found: dict[str, Any] = {"reason": ending, **told}
    if "limit" in told:
        found["reason"] = told["limit"]["message"]
    elif ending:
        found["reason"] = f"{ending}: {' '.join(log.strip().splitlines()[-1:])}"
    return found


def figures(result: dict[str, Any]) -> dict[str, Any]:
    """The columns that a trial without clients fills."""
    row: dict[str, Any] = {}
    if "watched" in result:
        row["watched_held"] = result["watched"]["descriptors"]
    measured = result.get("measured")
    if measured is None:
        return row
    turns, window_s = measured["turns"], measured["window_ns"] / NS
    cpu_s = measured["cpu_ns"] / NS
    tick_s = per(1, measured["clock_ticks"]) or math.nan
    busy_s, steal_s = measured["busy_ticks"] * tick_s, measured["steal_ticks"] * tick_s
    return row | {
        "outcome": "completed",
        "window_s": round(window_s, 6),
        "requests": turns,
        "errors": 0,
        "error_kinds": "",
        "requests_per_s": per(turns, window_s),
        "wait_us": _wait_us(measured),
        "bare_us": measured["bare_ns"] / 1e3,
        "server_cpu_us_per_request": per(cpu_s * 1e6, turns),
        "server_cpu_share": per(cpu_s, window_s),
        "server_processes": 1,
        "server_threads": 1,
        "steal_share": per(steal_s, window_s * len(measured["affinity"])),
        "foreign_cpu_share": at_least_0(per(busy_s - cpu_s, window_s)),
    }


def _wait_us(measured: dict[str, Any]) -> float | None:
    """Without what the two readings of the clock add; None where waits were not timed."""
    waited_ns = per(measured["waited_ns"], measured["turns"])
    return (waited_ns - measured["clock_ns"]) / 1e3 if waited_ns else None
