"""What the benchmark of servers measures."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from experiments.benchmarks.void_attempts import VoidAttempt


@dataclass(slots=True)
class Figures:
    """What was measured, by server. `why` says why a figure is missing."""

    ratios: dict[str, dict[int, list[float]]] = field(default_factory=dict)
    cpu_us: dict[str, dict[int, list[float]]] = field(default_factory=dict)
    memory: dict[str, dict[str, int]] = field(default_factory=dict)
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    workers: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    why: dict[str, dict[str, str]] = field(default_factory=dict)
    void: list[VoidAttempt] = field(default_factory=list)

    def missing(self, server: str, what: str, reason: str) -> None:
        """Keep the reason for a figure that could not be had."""
        self.why.setdefault(server, {})[what] = reason

    def is_missing(self, server: str, what: str) -> bool:
        return what in self.why.get(server, {})

    def plain(self) -> dict[str, Any]:
        """The figures for JSON, with the medians that the table shows."""
        return {
            "cpu_us_per_request": self.cpu_us,
            "ratios": self.ratios,
            "median_ratios": {
                name: {level: median(values) for level, values in levels.items()}
                for name, levels in self.ratios.items()
            },
            "memory": self.memory,
            "calls": self.calls,
            "workers": self.workers,
            "missing": self.why,
            "void": [asdict(one) for one in self.void],
        }
