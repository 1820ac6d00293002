"""What the probe saw beside the server: the machine, and samples of its counters."""

from __future__ import annotations

from dataclasses import dataclass, field

from contract.result.document import OMITTED
from contract.result.scalars import SignedFloat, SignedInt


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The machine as a container sees it; None: unknown, as where no probe answered."""

    kernel: str | None = field(default=None, metadata=OMITTED)
    kernel_version: str | None = field(default=None, metadata=OMITTED)
    architecture: str | None = field(default=None, metadata=OMITTED)
    python: str | None = field(default=None, metadata=OMITTED)
    cpu_model: str | None = field(default=None, metadata=OMITTED)
    cores: int | None = field(default=None, metadata=OMITTED)
    memory_bytes: int | None = field(default=None, metadata=OMITTED)
    memory_available_bytes: int | None = field(default=None, metadata=OMITTED)
    cgroup_version: int | None = field(default=None, metadata=OMITTED)
    clock_source: str | None = field(default=None, metadata=OMITTED)
    ulimits: dict[str, tuple[SignedInt, ...]] | None = field(default=None, metadata=OMITTED)
    """The soft and the hard one, by name; -1: none."""
    clock_ticks: int | None = field(default=None, metadata=OMITTED)
    """A second."""
    sysctls: dict[str, str | None] | None = field(default=None, metadata=OMITTED)
    """Values by their place below /proc/sys; None where this kernel has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What the clock beside the server shows; nothing is read for it."""

    at_ns: int
    """The moment, by the monotonic clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSample:
    """One reading beside the server. Counters are raw: the reader subtracts.

    Fields with a default are of some samples only, or were added after the first runs.
    """

    label: str = ""
    """What it was asked for: start, gate, before, open, second, close, after; empty, full, late;
    stop."""
    at_ns: int
    """Moment of the monotonic clock."""
    unix_ns: int | None = field(default=None, metadata=OMITTED)
    """The same of the machine's calendar, as a log has it."""
    cpu_ns: int
    """CPU time of the server's control group: threads and children that have ended count too."""
    cpuset: tuple[int, ...] | None
    """Cores of its control group; None where there is no such controller."""
    quota_us: int | None
    period_us: int | None
    throttled_periods: int = 0
    throttled_ns: int = 0
    affinity: tuple[int, ...] = ()
    """Cores that its first process may use."""
    processes: int
    threads: int
    rss_bytes: int
    fds: int | None
    """None where a process does not show its own."""
    context_switches: int | None
    """None with too many threads to read."""
    voluntary_switches: int | None
    worker_cpu_ns: dict[str, int]
    """CPU time by the pid of each worker process, where there are several."""
    listen_overflows: int
    listen_drops: int
    retransmits: int
    resets: int
    """OutRsts; of a sample `full` or `late`, how many of its connections were reset."""
    segments_out: int
    accept_queue: int
    accept_queue_max: int
    """The deepest since the sample before."""
    accept_queue_limit: int | None = field(default=None, metadata=OMITTED)
    """As the window opens: how much its accept queues take."""
    kernel_socket_bytes: int
    kernel_slab_bytes: int
    idle_ticks: int
    """Idle time of the cores that the trial uses."""
    steal_ticks: int
    measured_cores: tuple[str, ...]
    server_established: int | None = field(default=None, metadata=OMITTED)
    """At the gate: connections that the server held or had queued."""
    worker_connections: dict[str, int] | None = field(default=None, metadata=OMITTED)
    """At the gate: those that each worker held, by pid."""
    link: dict[str, tuple[int, ...]] | None = field(default=None, metadata=OMITTED)
    """Where a path is made slow, lossy or thin, by the name of the direction: the packets and
    bytes that went out from here so far, and the packets that were lost."""
    syscalls: dict[str, int] | None = field(default=None, metadata=OMITTED)
    """At the close, of a traced server: calls by name since the window opened."""
    trace_is_whole: bool | None = field(default=None, metadata=OMITTED)
    cpu_pressure_us: int | None = field(default=None, metadata=OMITTED)
    """Time so far in which some task of the machine waited for a core; None where the kernel does
    not tell."""
    memory_pressure_us: int | None = field(default=None, metadata=OMITTED)
    io_pressure_us: int | None = field(default=None, metadata=OMITTED)
    core_loop_us: float | None = field(default=None, metadata=OMITTED)
    """Before the warm-up and after the window: a fixed loop on the server's core."""


@dataclass(frozen=True, slots=True)
class OwnLog:
    """What the server printed in the window, and what the engine spent on that."""

    bytes_per_s: float
    copying_s: float | None = None
    """Processor time of the engine's programs, on the lab's cores, while the server was loaded;
    None: unknown, as where they are not on the machine of the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSecond:
    """What happened between two samples of the window; moments in s from its opening.

    What grew is below 0 where a counter went back.
    """

    from_s: SignedFloat
    to_s: SignedFloat
    cpu_s: SignedFloat
    """The server's CPU time."""
    listen_overflows: SignedInt
    listen_drops: SignedInt
    retransmits: SignedInt
    resets: SignedInt
    rss_bytes: int
    """At its end, as the four below."""
    threads: int
    accept_queue: int
    accept_queue_max: int
    """The deepest that was seen in it."""
    kernel_socket_bytes: int
