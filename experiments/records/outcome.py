"""What a trial left."""

from __future__ import annotations

from dataclasses import dataclass, field

from contract.result.benchmark_result import BenchmarkResult
from contract.result.trial_result import TrialResult
from contract.void_causes import Blame
from experiments.records.needs_cpu import NeedsSeen


@dataclass(slots=True)
class Outcome:
    """The result, if there is one; the reason if not, and who spoiled it; and the logs.
    `server_ending` is how the server ended by itself, in words."""

    result: TrialResult | BenchmarkResult | None = None
    reason: str = ""
    spoiled_by: Blame = ""
    server_ending: str = ""
    out_of_memory: bool = False
    logs: dict[str, str] = field(default_factory=dict)
    """The log of each container by its role, such as `server` and `load-2`."""
    needs: NeedsSeen | None = None
    """Where there were containers beside the server."""
    need_ended: str = ""
    """The first of them that ended by itself, in words."""
    elapsed_s: float = 0.0
