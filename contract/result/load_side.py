"""What the load workers did: their shares, their seconds, and each one's own result."""

from __future__ import annotations

from dataclasses import dataclass, field

from contract.result.aftermath import Aftermath
from contract.result.document import OMITTED
from contract.result.scalars import SignedInt
from contract.result.server_side import Environment, ProbeSample
from contract.result.stop import Stopped
from contract.result.window import Gauges, Window
from contract.void_causes import Blame


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSecond:
    """About a second of the window; moments in s from its opening, gauges of its end."""

    from_s: float
    to_s: float
    requests: int
    errors: dict[str, int]
    idle_established: int
    idle_failed: int
    active_established: int
    active_wanted: int
    connecting: int
    waiting: int
    """Requests of an open loop that were due and had no free connection."""
    response_p50_us: float | None = None
    """None where nothing was answered, and in a single worker's row."""
    response_p90_us: float | None = None
    response_p99_us: float | None = None
    response_p999_us: float | None = None
    response_max_us: float | None = None
    histogram: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerShare:
    """The part of the load's settings that differs from worker to worker."""

    worker: int
    """Its place among `workers`, from 0."""
    workers: int
    idle_connections: int
    in_flight: int
    slow_readers: int
    slow_writers: int
    vanishing_per_s: float
    hostile_per_s: float = 0.0
    flood: int = 0
    seed: int
    mix_seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the kernel gave a load worker, and how it was held back in the window."""

    cores: tuple[int, ...]
    machine: str = ""
    """The boot of the kernel whose cores these are; empty in runs recorded before."""
    cpu_quota: float | None = None
    """In cores; None: none."""
    throttled_periods: SignedInt = 0
    throttled_ns: SignedInt = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerHead(Grant):
    """What is recorded of a worker wherever it is. `reason` says why it is void, if it is."""

    name: str
    reason: str
    share: WorkerShare
    gauges: Gauges | None
    """As the window opened, or as the load was given up."""
    core_loops_us: dict[str, float] = field(default_factory=dict)
    """A fixed loop on its core, `before` the warm-up and `after` the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker(WorkerHead):
    """A worker's row in the result of all; None where it had no window."""

    started_ns: int | None
    ended_ns: int | None
    cpu_ns: int | None
    requests: int | None
    longest_pause_us: int | None


@dataclass(frozen=True, slots=True)
class Checked:
    """How answers were checked: `check` is `exact` or `framing`, `compared` says it in words, and
    `wrong` what was wrong with the first wrong one of the window."""

    check: str
    compared: str
    wrong: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerResult(WorkerHead):
    """What one worker has of a trial, sent to the master."""

    spoiled_by: Blame
    options: dict[str, object]
    """The settings of the whole load."""
    phases_s: dict[str, float]
    samples: tuple[ProbeSample, ...]
    """Empty but for the one worker that speaks to the probe."""
    environment: Environment
    window: Window | None
    series: tuple[LoadSecond, ...]
    rates_per_s: tuple[float, ...] = ()
    """In equal parts of the window, in order; empty of a short one."""
    warmed_up_s: float | None = None
    """From the load's beginning to the opening of the window."""
    round_trip_us: int | None = None
    """To the server, the shortest before any load, as the kernel timed it."""
    clock_bound_us: float | None = None
    """How far its moments may be off from the clock of the server's machine, where that is another
    one."""
    rss_idle_bytes: int | None = None
    """Resident memory of the process before its first connection."""
    rss_held_bytes: int | None = None
    """The same with all connections established, before the warm-up."""
    company: dict[str, int]
    """What bad clients and moving idle ones did, by name."""
    checked: Checked | None = None
    """None where the server was not verified."""
    aftermath: Aftermath | None = None
    """What the one worker that speaks to the probe saw after bad clients."""
    stopped: Stopped | None = field(default=None, metadata=OMITTED)
    """None where the server was not told to end."""
