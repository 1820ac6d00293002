"""The result of a trial: what `trials/ID/result.json` holds.

A run that was recorded before a field was added has its default.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from contract.result.aftermath import Aftermath
from contract.result.document import OMITTED
from contract.result.habits import Habits
from contract.result.load_side import Checked, LoadSecond, Worker
from contract.result.pins import AskedPins
from contract.result.server_side import Environment, OwnLog, ProbeSample, ServerSecond
from contract.result.start import Start
from contract.result.stop import Ending, Stopped
from contract.result.window import Gauges, Window
from contract.void_causes import Blame


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """All load workers together. A void trial has a `reason`, and may have no window."""

    trial: str = ""
    reason: str = ""
    spoiled_by: Blame = ""
    options: dict[str, object] | None = None
    phases_s: dict[str, float] = field(default_factory=dict)
    """How long each took, the slowest worker's."""
    gauges: Gauges | None = None
    """As the window opened, or as the load was given up."""
    samples: tuple[ProbeSample, ...] = ()
    environment: Environment = field(default_factory=Environment)
    window: Window | None = None
    series: tuple[LoadSecond, ...] = ()
    rates_per_s: tuple[float, ...] = ()
    """In equal parts of the window, in order; empty of a short one."""
    warmed_up_s: float | None = None
    """From the load's beginning to the opening of the window."""
    round_trip_us: int | None = field(default=None, metadata=OMITTED)
    """To the server, the shortest before any load, as the workers' kernel timed it; None: unknown,
    as in runs recorded before."""
    clock_bound_us: float | None = field(default=None, metadata=OMITTED)
    """How far apart two moments may be that look the same, of two workers or of one and the probe;
    None: they have one clock."""
    rss_idle_bytes: int | None = field(default=None, metadata=OMITTED)
    """Resident memory of the load workers before their first connections; None where that of one
    is not known."""
    rss_held_bytes: int | None = field(default=None, metadata=OMITTED)
    """The same with all connections established, before the warm-up."""
    company: dict[str, int] = field(default_factory=dict)
    workers: tuple[Worker, ...] = ()
    checked: Checked | None = field(default=None, metadata=OMITTED)
    aftermath: Aftermath | None = field(default=None, metadata=OMITTED)
    """After bad clients."""
    stopped: Stopped | None = field(default=None, metadata=OMITTED)
    """What became of the requests of a server that was told to end; None: it was not."""
    asked: AskedPins | None = field(default=None, metadata=OMITTED)
    """Set by the run, as the next ones."""
    start: Start | None = field(default=None, metadata=OMITTED)
    """None: it was not watched."""
    ending: Ending | None = field(default=None, metadata=OMITTED)
    """How a server ended that was told to; None: it was not, or had not ended GRACE_S later."""
    log: OwnLog | None = field(default=None, metadata=OMITTED)
    files_s: float | None = field(default=None, metadata=OMITTED)
    """Processor time, on the lab's cores and while the server was loaded, of the program that is
    the file system of its container; None: the kernel is, or it is not known."""
    habits: Habits | None = field(default=None, metadata=OMITTED)
    """Where it was asked about them."""
    server_series: tuple[ServerSecond, ...] | None = field(default=None, metadata=OMITTED)

    def sample(self, label: str) -> ProbeSample | None:
        """The last sample with this label."""
        return next((one for one in reversed(self.samples) if one.label == label), None)
