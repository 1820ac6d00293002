"""What a worker tells the master once a second, for the tabs of the web UI.

By hand it sends every histogram as it stands, so that the master can add those of all workers
without loss, and asks the probe beside the server. In a sweep it takes the sample that the trial
has asked for anyway and sends no histogram: a window wants a quiet hub.
"""

from __future__ import annotations

import time

from contract.probe_question import CLOSE, OPEN, SECOND
from contract.result.server_side import ProbeSample
from loadgen.worker.probe_client import Probe, TrialVoid
from loadgen.worker.standing import Standing
from loadgen.worker.trial_conductor import TrialConductor

STOPPED = "stopped"


class Progress:
    """Tells how a load stands. `standing` may wait for the probe, without blocking the hub."""

    def __init__(self, conductor: TrialConductor) -> None:
        self._conductor = conductor
        self._probe: Probe | None = None
        self._sample: ProbeSample | None = None
        self._silence = ""
        self._stopped = False

    def standing(self, phase: str, *, ask: bool = False) -> Standing:
        """How the load stands: gauges, counts, and the probe's sample, asked for by hand alone."""
        conductor = self._conductor
        options, engine = conductor.options, conductor.engine
        if engine and ask and not options.is_trial:
            self._ask()
        self._stopped = self._stopped or phase == STOPPED  # also while the probe was waited for
        shown = STOPPED if self._stopped else phase
        load = options.trial or options.host
        if engine is None:
            return Standing(trial=load, phase=shown)
        gauges = engine.gauges()
        # What had not ended is known when it has frozen: until then nobody has looked.
        frozen = None if options.is_trial else conductor.counts
        return Standing(
            trial=load,
            phase=shown,
            idle=gauges.idle_established,
            active=gauges.active_established,
            wanted=gauges.active_wanted,
            at_s=time.monotonic(),
            requests=engine.response.total() if conductor.measuring else 0,
            errors=dict(engine.errors),
            server=conductor.latest_sample if options.is_trial else self._sample,
            histograms={}
            if options.is_trial
            else {name: one.snapshot() for name, one in engine.recorders().items()},
            silence=self._silence,
            censored=frozen.censored if frozen else None,
            pending=frozen.pending if frozen else {},
        )

    def close(self) -> None:
        """The load has ended: the probe need not watch any more. A stop waits for nobody."""
        if self._probe is not None:
            self._probe.tell(CLOSE)

    def _ask(self) -> None:
        """Keep the probe's answer; where none stands beside the server, that is found out once."""
        if self._silence:
            return
        try:
            if self._probe is None:
                self._probe = Probe(self._conductor.options.probe)
                self._probe.ask(OPEN)  # from now on it watches the accept queue
            self._sample = self._probe.ask(SECOND)
        except (TrialVoid, OSError, ValueError):
            address = self._conductor.options.probe
            self._silence = f"no probe answers beside the server, at {address or '(nowhere)'}"
