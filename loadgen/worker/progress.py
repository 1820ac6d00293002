"""What a worker tells the master once a second, for the tabs of the web UI.

By hand it sends every histogram as it stands, so that the master can add those of all workers
without loss, and asks the probe beside the server. In a sweep it takes the sample that the trial
has asked for anyway and sends no histogram: a window wants a quiet hub.
"""

from __future__ import annotations

import time
from typing import Any

from loadgen.worker.probe_client import Probe, TrialVoid
from loadgen.worker.trial_conductor import Conductor

STOPPED = "stopped"


class Progress:
    """Of one load. `row` may wait for the probe, without blocking Locust's hub."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._probe: Probe | None = None
        self._sample: dict[str, Any] | None = None
        self._silence = ""
        self._stopped = False

    def row(self, phase: str, *, ask: bool = False) -> dict[str, Any]:
        """How the load stands: gauges, counts, and the probe's sample, asked for by hand alone."""
        conductor = self._conductor
        options, engine = conductor.options, conductor.engine
        if engine and ask and not options.is_trial:
            self._ask()
        self._stopped = self._stopped or phase == STOPPED  # also while the probe was waited for
        shown = STOPPED if self._stopped else phase
        row: dict[str, Any] = {"trial": options.trial or options.host, "phase": shown}
        if engine is None:
            return row
        gauges = engine.gauges()
        row |= {
            "idle": gauges.idle_established,
            "active": gauges.active_established,
            "wanted": gauges.active_wanted,
            "at_s": time.monotonic(),
            "requests": engine.response.total() if conductor.measuring else 0,
            "errors": dict(engine.errors),
        }
        if options.is_trial:
            return row | {"server": conductor.latest_sample}
        histograms = {name: one.snapshot() for name, one in engine.recorders().items()}
        row |= {"histograms": histograms, "server": self._sample, "silence": self._silence}
        # Known when it has frozen: until then nobody has looked.
        return row | ({"censored": conductor.window.censored} if conductor.window else {})

    def close(self) -> None:
        """The load has ended: the probe need not watch any more. A stop waits for nobody."""
        if self._probe is not None:
            self._probe.tell("close")

    def _ask(self) -> None:
        """Keep the probe's answer; where none stands beside the server, that is found out once."""
        if self._silence:
            return
        try:
            if self._probe is None:
                self._probe = Probe(self._conductor.options.probe)
                self._probe.ask("open")  # from now on it watches the accept queue
            self._sample = self._probe.ask("second")
        except (TrialVoid, OSError, ValueError):
            address = self._conductor.options.probe
            self._silence = f"no probe answers beside the server, at {address or '(nowhere)'}"
