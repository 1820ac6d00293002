"""The columns about the server's side of a window, from the probe's samples."""

from __future__ import annotations

from typing import Any

from contract.probe_question import GATE, OF_WINDOW, START
from contract.result.server_side import ProbeSample
from contract.result.trial_result import TrialResult
from contract.result.window import Window
from experiments.records.columns.machine import machine_columns
from experiments.records.quotient import per

NS = 1e9


def server_columns(
    result: TrialResult, window: Window, before: ProbeSample, after: ProbeSample, cores: float
) -> dict[str, Any]:
    """`before` and `after` bound the window; `cores` is what the server had of one.

    The load stops at the freeze, a moment before the last sample: busy time ends there.
    """
    start = result.sample(START)
    busy_s = (min(window.ended_ns, after.at_ns) - before.at_ns) / NS
    cpu_s = (after.cpu_ns - before.cpu_ns) / NS
    rate = per(window.requests, window.window_s)
    return {
        "server_cpu_us_per_request": per(cpu_s * 1e6, rate * busy_s if rate else None),
        "server_cpu_share": per(cpu_s, busy_s * cores),
        "load_cores": _load_cores(result),
        "server_rss_bytes": after.rss_bytes,
        "server_rss_idle_bytes": start.rss_bytes if start else None,
        "server_threads": after.threads,
        "server_processes": after.processes,
        "server_fds": after.fds,
        "context_switches": _grown(before.context_switches, after.context_switches),
        "voluntary_switches": _grown(before.voluntary_switches, after.voluntary_switches),
        "kernel_socket_bytes": after.kernel_socket_bytes,
        **_full_queue(result),
        "accept_queue_max": _deepest(result),
        "accept_queue_limit": before.accept_queue_limit,
        "listen_overflows": after.listen_overflows - start.listen_overflows if start else None,
        "listen_drops": after.listen_drops - start.listen_drops if start else None,
        "retransmits": after.retransmits - before.retransmits,
        "resets": after.resets - before.resets,
        **machine_columns(result, window, before, after),
        **_kernel(result),
    }


def _load_cores(result: TrialResult) -> int | None:
    """That the load workers had together; None where it was not recorded what they asked for."""
    if result.asked is None:
        return None
    machines = {one.name: one.machine for one in result.workers}
    return len(
        {
            (machines.get(name), core)
            for name, pins in result.asked.loads.items()
            for core in pins.cores
        }
    )


def _grown(before: int | None, after: int | None) -> int | None:
    """A sum over threads alive: unknown where too many, or where some of them ended."""
    return None if before is None or after is None or after < before else after - before


def _full_queue(result: TrialResult) -> dict[str, Any]:
    """What the piling up of silent connections showed; nothing under keep-alive. What grew is
    unknown where it was not read before."""
    empty, full, late = (result.sample(label) for label in ("empty", "full", "late"))
    if full is None:
        return {}
    return {
        "full_queue_depth": full.accept_queue,
        "full_queue_overflows": full.listen_overflows - empty.listen_overflows if empty else None,
        "full_queue_drops": full.listen_drops - empty.listen_drops if empty else None,
        "full_queue_resets": full.resets,
        "late_ack_resets": late.resets if late else None,
    }


def _deepest(result: TrialResult) -> int:
    """The deepest accept queue in the window: each sample has that since the one before."""
    return max(one.accept_queue_max for one in result.samples if one.label in OF_WINDOW[1:])


def _kernel(result: TrialResult) -> dict[str, Any]:
    """Before any load, and with all connections established; there is no gate without such."""
    start, gate = result.sample(START), result.sample(GATE)
    return {
        "kernel_slab_idle_bytes": start.kernel_slab_bytes if start else None,
        "kernel_slab_bytes": gate.kernel_slab_bytes if gate else None,
    }
