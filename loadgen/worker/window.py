"""The window of a load: it is opened, looked at once a second and at its rate in equal parts, and
ends with the load at rest, or, where the server is to be told to end, with the load going on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import gevent

from contract.result.window import Gauges
from loadgen.clients.background_clients import BackgroundClients
from loadgen.engine.connection_table import TOO_MUCH
from loadgen.engine.engine import Engine
from loadgen.engine.measures import WindowCounts
from loadgen.engine.pulse import Pulse, part_ends
from loadgen.engine.series import Series
from loadgen.loads.schedule import SECOND_NS
from loadgen.loads.stopping import Stopping
from loadgen.worker.barrier import Barrier
from loadgen.worker.confinement import Confinement
from loadgen.worker.engine_call import call
from loadgen.worker.server_observer import ServerObserver
from loadgen.worker.stop_phase import go_on
from loadgen.worker.warm_up import sleep_until

SETTLE_S = 0.02
"""From the freeze, and beside a round trip, until all that was asked is there, and more if the
server sends more."""


class WatchedWindow:
    """One window of one worker. `gauges` are of its begin. `freeze` stops the load and keeps the
    counts, `keep` takes those of a load that goes on; `check` raises what ends the trial."""

    def __init__(
        self,
        engine: Engine,
        background: BackgroundClients | None,
        confinement: Confinement,
        freeze: Callable[[], WindowCounts],
        keep: Callable[[WindowCounts], None],
        check: Callable[[], None],
    ) -> None:
        self.gauges: Gauges | None = None
        self.series = Series(engine)
        self.pulse = Pulse(engine)
        self._engine = engine
        self._background = background
        self._confinement = confinement
        self._freeze = freeze
        self._keep = keep
        self._check = check

    def open(self, observer: ServerObserver) -> None:
        """Begin to count."""
        engine = self._engine
        self.gauges = engine.gauges()
        started = call(engine, engine.open_window)
        self._confinement.open()
        self.series.begin(started)
        self.pulse.begin(started)
        observer.note("open")
        if self._background is not None:
            self._background.open_window()

    def watch(self, observer: ServerObserver, opens: int, ends: int) -> None:
        """Look at it until it ends; moments of the monotonic clock in ns."""
        parts = part_ends(opens, ends)
        seconds = range(opens + SECOND_NS, ends, SECOND_NS)
        for mark in sorted({*parts, *seconds, ends}):
            sleep_until(mark)
            if mark in parts:
                self.pulse.look()
            if mark in seconds:
                self.series.look()
                observer.note("second")
                self._check()
        self._check()

    def close(self, observer: ServerObserver, barrier: Barrier) -> None:
        """Freeze, wait until all have frozen, and see what comes at rest."""
        engine = self._engine
        if isinstance(engine, Stopping):  # it is not at rest
            counts: WindowCounts = call(engine, partial(go_on, engine, self.series))
            self._keep(counts)
            self.series.rest(counts.errors)
            self._confinement.close()
            barrier.meet("frozen")
            observer.note("close")
            return
        errors = self._freeze().errors
        self._confinement.close()
        self.series.look()
        barrier.meet("frozen")
        observer.note("close")
        call(engine, engine.acknowledge)
        gevent.sleep(SETTLE_S + engine.round_trip_s)
        if unasked := call(engine, engine.unasked):
            errors["wrong_answer"] = errors.get("wrong_answer", 0) + unasked
            engine.first_wrong = engine.first_wrong or TOO_MUCH
        self.series.rest(errors)
