"""What the benchmark of the load engine measures."""

from __future__ import annotations

from dataclasses import dataclass, field

from experiments.benchmarks.load_generators.peers import Side
from experiments.benchmarks.void_attempts import VoidAttempt


@dataclass(slots=True)
class Pair:
    """The engine, or a feature of it, and what it is compared with."""

    line: str
    ours: Side
    theirs: Side
    bound: tuple[str, str]
    """What was used up, on either side."""


@dataclass(slots=True)
class Figures:
    """What was measured. `why` says why a figure is missing."""

    peers: list[Pair] = field(default_factory=list)
    features: list[Pair] = field(default_factory=list)
    idle: list[dict[str, float]] = field(default_factory=list)
    overhead_s: list[float] = field(default_factory=list)
    checking: list[dict[str, float]] = field(default_factory=list)
    workers: list[dict[str, float]] = field(default_factory=list)
    why: list[str] = field(default_factory=list)
    void: list[VoidAttempt] = field(default_factory=list)
