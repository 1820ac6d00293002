"""Load before the window until the rate of all load workers together is steady, or for so long.

Every worker tells the others its batches and looks at the sums, so that all come to one answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count

import gevent

from loadgen.engine.engine import Engine
from loadgen.engine.pulse import Pulse
from loadgen.loads.schedule import SECOND_NS
from loadgen.options import Options
from loadgen.worker.barrier import Barrier
from loadgen.worker.steadiness import BATCH_S, BATCHES, has_ended


def sleep_until(moment_ns: int) -> None:
    """Sleep until the monotonic clock shows this, while the hub does other things."""
    while (left := moment_ns - time.perf_counter_ns()) > 0:
        gevent.sleep(left / SECOND_NS)


def warm_up(
    engine: Engine, barrier: Barrier, options: Options, begins_ns: int, check: Callable[[], None]
) -> int:
    """Load until the window is to open; returns that moment, when it has come. `check` raises what
    ends the trial."""
    within_s = options.steady_within_s
    if within_s:
        opens = until_steady(engine, barrier, begins_ns, within_s, check)
    else:
        opens = begins_ns + int((options.settings.warm_up_s or 0.0) * SECOND_NS)
    sleep_until(opens)
    return opens


def until_steady(
    engine: Engine, barrier: Barrier, begins_ns: int, within_s: float, check: Callable[[], None]
) -> int:
    """Returns the moment at which all open their windows. `check` raises what ends the trial."""
    pulse = Pulse(engine)
    pulse.look()
    together: list[float] = []
    for turn in count(1):
        for batch in range((turn - 1) * BATCHES + 1, turn * BATCHES + 1):
            sleep_until(begins_ns + int(batch * BATCH_S * SECOND_NS))
            pulse.look()
        check()
        words = barrier.meet(f"warm-up {turn}", pulse.rates_per_s()[-BATCHES:])
        together += [sum(rates) for rates in zip(*words, strict=True)]
        if has_ended(together, within_s):
            break
    return barrier.agree("open")
