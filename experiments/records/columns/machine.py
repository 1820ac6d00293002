"""The columns about the machine in a window: what others had of it, what was waited for, and how
fast the lab's cores were.
"""

from __future__ import annotations

import math
from typing import Any

from contract.probe_question import AFTER, BEFORE
from contract.result.server_side import Environment, ProbeSample
from contract.result.trial_result import TrialResult
from contract.result.window import Window
from experiments.records.quotient import at_least_0, per

NS = 1e9


def machine_columns(
    result: TrialResult, window: Window, before: ProbeSample, after: ProbeSample
) -> dict[str, Any]:
    """What others had of the lab's cores; what the engine had to copy the server's own log, and
    for the files of its container, is the server's doing."""
    own_ns = (after.cpu_ns - before.cpu_ns) + (0 if _elsewhere(result) else window.cpu_ns)
    others, log = _machine(result.environment, own_ns, before, after), result.log
    loaded_s = (result.warmed_up_s or 0.0) + window.window_s
    copying = per(log.copying_s, loaded_s) if log else None
    files = per(result.files_s, loaded_s)
    foreign = others["foreign_cpu_share"]
    others["foreign_cpu_share"] = foreign and at_least_0(foreign - (copying or 0) - (files or 0))
    return {
        **others,
        "log_bytes_per_s": log.bytes_per_s if log else None,
        "log_cpu_share": copying,
        "files_cpu_share": files,
        **_pressure(before, after),
        **_core_loops(result),
    }


def _pressure(before: ProbeSample, after: ProbeSample) -> dict[str, float | None]:
    """Shares of the time between in which some task waited; None where that is not told."""
    wall_us = (after.at_ns - before.at_ns) / 1e3
    found: dict[str, float | None] = {}
    for what in ("cpu", "memory", "io"):
        first, last = (getattr(one, f"{what}_pressure_us") for one in (before, after))
        waited_us = None if first is None or last is None else last - first
        found[f"{what}_pressure_share"] = at_least_0(per(waited_us, wall_us))
    return found


def _core_loops(result: TrialResult) -> dict[str, float | None]:
    """How long the fixed loop took on the server's core, and on the slowest of the load's."""
    found: dict[str, float | None] = {}
    for when in (BEFORE, AFTER):
        sample = result.sample(when)
        loads = [one.core_loops_us[when] for one in result.workers if when in one.core_loops_us]
        found[f"server_core_loop_{when}_us"] = sample.core_loop_us if sample else None
        found[f"load_core_loop_{when}_us"] = max(loads, default=None)
    return found


def _elsewhere(result: TrialResult) -> bool:
    """Whether the load was on another machine, on whose cores nobody looks."""
    return result.clock_bound_us is not None


def _machine(
    environment: Environment, own_ns: int, before: ProbeSample, after: ProbeSample
) -> dict[str, Any]:
    """What others had of the measured cores, of which the lab itself took `own_ns`."""
    wall_s = (after.at_ns - before.at_ns) / NS
    tick_s = per(1, environment.clock_ticks) or math.nan
    steal_s = (after.steal_ticks - before.steal_ticks) * tick_s
    idle_s = (after.idle_ticks - before.idle_ticks) * tick_s
    lab_cores = len(after.measured_cores)
    whole_s = wall_s * lab_cores
    if whole_s < steal_s <= whole_s + tick_s * lab_cores:  # a tick more than the window is long
        steal_s = whole_s
    foreign_s = whole_s - idle_s - steal_s - own_ns / NS
    return {
        "steal_share": per(steal_s, whole_s),
        "foreign_cpu_share": at_least_0(per(foreign_s, wall_s)),
    }
