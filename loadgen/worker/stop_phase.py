"""After the window: the server is told to end, and the load goes on for a while."""

from __future__ import annotations

import math
import time
from dataclasses import replace

from contract.result.stop import Stopped
from loadgen.engine.measures import WindowCounts
from loadgen.engine.series import Series
from loadgen.engine.stop_log import StopLog
from loadgen.loads.schedule import SECOND_NS
from loadgen.loads.stopping import Stopping
from loadgen.worker.barrier import Barrier
from loadgen.worker.engine_call import call
from loadgen.worker.probe_client import TrialVoid
from loadgen.worker.server_observer import ServerObserver
from loadgen.worker.warm_up import sleep_until

US_NS = 1_000


def go_on(engine: Stopping, series: Series) -> WindowCounts:
    """The window ends, its last second with it, and the load does not; a command."""
    counts = engine.go_on()
    series.look()
    return counts


def stop_server(
    engine: Stopping, observer: ServerObserver, barrier: Barrier, signal: str, stop_s: float
) -> Stopped:
    """Have the server told to end by this signal, load it for so long, freeze. Raises TrialVoid."""
    observer.clock.look()  # the drift until now is in the bound
    barrier.meet("told")
    told = observer.stop_server(signal)
    sleep_until(time.perf_counter_ns() + int(stop_s * SECOND_NS))
    call(engine, engine.freeze)
    log: StopLog = call(engine, engine.end_log)
    moments = [int(one) for one in barrier.meet("stopped", told) if one is not None]
    if not moments:
        raise TrialVoid("nobody told the server to end: there is no probe beside it", "probe")
    clock, told_ns = observer.clock, moments[0]
    bound_ns = math.ceil((clock.bound_us or 0.0) * US_NS)
    return replace(log.counts(clock.here_ns(told_ns), bound_ns), told_ns=told_ns)
