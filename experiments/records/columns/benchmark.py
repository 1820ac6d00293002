"""The columns of a trial without clients.

A turn, which is a pass of the token or a wait, counts as a request.
"""

from __future__ import annotations

import math
from typing import Any

from contract.probe_question import AFTER, BEFORE
from contract.result.benchmark_result import BenchmarkResult, Turns
from experiments.records.quotient import at_least_0, per

NS = 1e9


def benchmark_columns(result: BenchmarkResult) -> dict[str, Any]:
    """The columns that it fills, as far as something was measured."""
    row: dict[str, Any] = {}
    if result.watched:
        row["watched_held"] = result.watched.descriptors
    if (measured := result.measured) is None:
        return row
    window_s, cpu_s = measured.window_ns / NS, measured.cpu_ns / NS
    tick_s = per(1, measured.clock_ticks) or math.nan
    busy_s, steal_s = measured.busy_ticks * tick_s, measured.steal_ticks * tick_s
    return row | {
        "outcome": "completed",
        "window_s": round(window_s, 6),
        "requests": measured.turns,
        "errors": 0,
        "error_kinds": "",
        "requests_per_s": per(measured.turns, window_s),
        "wait_us": _wait_us(measured),
        "bare_us": measured.bare_ns / 1e3,
        "server_cpu_us_per_request": per(cpu_s * 1e6, measured.turns),
        "server_cpu_share": per(cpu_s, window_s),
        "server_processes": 1,
        "server_threads": 1,
        "steal_share": per(steal_s, window_s * len(measured.affinity)),
        "foreign_cpu_share": at_least_0(per(busy_s - cpu_s, window_s)),
        "server_core_loop_before_us": measured.core_loops_us.get(BEFORE),
        "server_core_loop_after_us": measured.core_loops_us.get(AFTER),
    }


def _wait_us(measured: Turns) -> float | None:
    """Without what the two readings of the clock add; None where waits were not timed."""
    waited_ns = per(measured.waited_ns, measured.turns)
    return (waited_ns - measured.clock_ns) / 1e3 if waited_ns else None
