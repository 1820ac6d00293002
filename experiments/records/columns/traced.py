"""The columns about a traced server's system calls."""

from __future__ import annotations

import json
from typing import Any

from contract.result.server_side import ProbeSample
from contract.result.window import Window
from experiments.records.quotient import per

NS = 1e9
FEWEST_CALLS = 0.001
"""Per request; fewer are not named."""


def traced_columns(window: Window, before: ProbeSample, after: ProbeSample) -> dict[str, Any]:
    """System calls per request, of the requests that were answered between the samples."""
    seconds = (min(window.ended_ns, after.at_ns) - before.at_ns) / NS
    rate = per(window.requests, window.window_s)
    counted = after.syscalls or {}
    requests = rate * seconds if rate else 0
    if not requests > 0 or not counted:
        return {}
    per_request = {
        name: round(count / requests, 4)
        for name, count in sorted(counted.items(), key=lambda one: -one[1])
        if count / requests > FEWEST_CALLS
    }
    return {
        "syscalls_per_request": sum(counted.values()) / requests,
        "syscalls": json.dumps(per_request),
    }


def untraced(close: ProbeSample) -> str:
    """Why the calls are not known, or not all; empty if they are."""
    if not close.syscalls:  # who answers makes some
        return "no trace of the server's system calls was found"
    return "" if close.trace_is_whole else "the trace filled its file; choose a shorter window"
