"""The columns about a server's worker processes: what each had, in the order of their pids."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from contract.probe_question import GATE
from contract.result.server_side import ProbeSample
from contract.result.trial_result import TrialResult
from experiments.records.server_log import events


def worker_columns(
    result: TrialResult, before: ProbeSample, after: ProbeSample, log: str
) -> dict[str, str | None]:
    """JSON lists, or None: where no worker was found, or one ended between the two samples."""
    gate = result.sample(GATE)
    held = (gate.worker_connections if gate else None) or {}
    used: dict[str, int] = {}
    if before.worker_cpu_ns.keys() == after.worker_cpu_ns.keys():
        used = {pid: ns - before.worker_cpu_ns[pid] for pid, ns in after.worker_cpu_ns.items()}
    total = sum(used.values())
    shares = {pid: round(ns / total, 5) for pid, ns in used.items()} if total else {}
    return {
        "worker_connections": _listed(held),
        "worker_cpu_shares": _listed(shares),
        "worker_accepts": _listed(accepted(log)),
    }


def accepted(log: str) -> dict[str, int]:
    """Connections by pid, as the workers told them when they were stopped."""
    return {
        str(event["pid"]): int(event["connections"])
        for event in events(log)
        if event.get("event") == "accepted" and _is_ours(event)
    }


def _is_ours(event: Mapping[str, Any]) -> bool:
    """Whether it is what the lab's workers write: a foreign server's log says what it likes."""
    return all(isinstance(event.get(name), int) for name in ("pid", "connections"))


def _listed(by_pid: Mapping[str, float]) -> str | None:
    """A JSON list in the order of the pids, as numbers: JSON's keys are text."""
    return json.dumps([by_pid[pid] for pid in sorted(by_pid, key=int)]) if by_pid else None
