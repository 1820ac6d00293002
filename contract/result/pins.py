"""What a trial asked of the engine, recorded beside what was seen: it can be judged again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pins:
    """Cores and CPU quota (in cores; None: none) that a container was to have."""

    cores: tuple[int, ...]
    cpu_quota: float | None


@dataclass(frozen=True, slots=True)
class AskedPins:
    """What the trial asked of the engine, for the server and for each load worker by name."""

    server: Pins
    loads: dict[str, Pins]
