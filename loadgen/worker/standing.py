"""How one worker's load stands: what it tells the master once a second, for the web UI."""

from __future__ import annotations

from dataclasses import dataclass, field

from contract.result.server_side import ProbeSample


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Counts since the window opened; None is not known yet. Histograms are counts by us."""

    trial: str
    """Or the server, by hand."""
    phase: str
    idle: int | None = None
    active: int | None = None
    wanted: int | None = None
    at_s: float | None = None
    """Moment of the worker's own clock."""
    requests: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    server: ProbeSample | None = None
    """What the probe said last."""
    histograms: dict[str, dict[int, int]] = field(default_factory=dict)
    """Each as it stands; by hand alone."""
    silence: str = ""
    """Why there is no sample."""
    censored: dict[str, dict[int, int]] | None = None
    """Ages of what had not ended, by histogram; None until the load is frozen."""
    pending: dict[str, dict[int, int]] = field(default_factory=dict)
    """Ages of all that a closed loop had under way then: who has all workers' says what of it is
    overdue."""
