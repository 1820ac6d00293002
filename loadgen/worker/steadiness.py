"""Whether a rate is steady: MSER-5, as simulations find the end of their warm-up.

The rate is cut into short batches. The first of them are left out, as many as make the standard
error of the mean of the rest least: noise is worth keeping, a warm-up is not. That answer counts
only where it lies in the first half; beyond, the rate may still be on its way, and more has to be
seen. White, *An effective truncation heuristic for bias reduction in simulation output*, Simulation
69 (1997); Hoad, Robinson and Davies, *Automating warm-up length estimation*, Journal of the
Operational Research Society 61 (2010).

A rate that goes up and down for ever, as under a garbage collector, is steady in this sense; one
that is low and even for longer than anybody looks cannot be told from a slow server's.
"""

from __future__ import annotations

from collections.abc import Sequence

from contract.settings.trial import LEAST_WARM_UP_S

BATCH_S = 0.1
BATCHES = 5
"""Between two looks at what there is."""
LAST = 5
"""Batches that always stay: so few may be equal by chance."""


def truncated(rates: Sequence[float]) -> int:
    """How many batches to leave out at the start."""
    total = squares = 0.0
    best, least = 0, float("inf")
    for place in range(len(rates) - 1, -1, -1):
        total += rates[place]
        squares += rates[place] ** 2
        kept = len(rates) - place
        error = max(squares - total * total / kept, 0.0) / kept**2
        if kept > LAST and error <= least:
            best, least = place, error
    return best


def has_ended(rates: Sequence[float], within_s: float) -> bool:
    """Whether a warm-up of these batches has: its rate is steady, or it was long enough."""
    seen_s = len(rates) * BATCH_S
    if seen_s >= within_s:
        return True
    return seen_s >= LEAST_WARM_UP_S and truncated(rates) <= len(rates) / 2
