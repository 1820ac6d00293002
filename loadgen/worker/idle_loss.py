"""What the ages at which a server closed idle connections say of it, in words."""

from __future__ import annotations

import statistics

from contract.reasons import closes_idle
from loadgen.engine.measures import IdleEnds

TOGETHER = 1.25
"""Servers look at their timers up to once a second: of 4 s and more, such ages lie within this."""
FEW = 3
"""Fewer closes than these could lie together by chance."""


def why_idle_were_lost(ends: IdleEnds, *, asked: bool) -> str:
    """Why idle connections are missing; empty if the server closed none. `asked`: whether each had
    had an answer before it was silent.

    A time-out is named where the closes lie together, and no other connection has been silent for
    longer.
    """
    if not ends.closed_us:
        return ""
    first, last = min(ends.closed_us), max(ends.closed_us)
    silence = "the last byte" if asked else "being opened, with nothing asked"
    together = last <= TOGETHER * first and ends.oldest_open_us <= TOGETHER * last
    if together and len(ends.closed_us) >= FEW:
        what = "idle connections" if asked else "connections on which nothing is asked"
        return closes_idle(what, _seconds(statistics.median(ends.closed_us)))
    number = len(ends.closed_us)
    times = _seconds(first) if _seconds(first) == _seconds(last) else _span(first, last)
    return (
        f"the server closed {number:,} idle {'connection' if number == 1 else 'connections'} "
        f"{times} after {silence}"
    )


def _seconds(us: float) -> str:
    """Two digits, down to hundredths: the rest hangs on when somebody looked."""
    return f"{round(float(f'{us / 1e6:.2g}'), 2):g} s"


def _span(first: float, last: float) -> str:
    return f"{_seconds(first).removesuffix(' s')} to {_seconds(last)}"
