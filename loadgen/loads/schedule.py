"""When the requests of an open loop are meant to be sent, whatever the server does.

Fixed: one every 1/rate seconds. Poisson: independent clients, so the pauses are exponential; the
seed makes a schedule repeatable. Several workers share a rate: fixed schedules interleave, and
Poisson ones add up to a Poisson schedule of the whole rate.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import takewhile

from contract.loads import ARRIVALS

SECOND_NS = 1_000_000_000


def schedule(
    arrivals: str, rate_per_s: float, seed: int = 0, worker: int = 0, workers: int = 1
) -> Iterator[int]:
    """Yield for ever the intended moments of one of `workers` workers, in ns from the start.

    Raises ValueError for arrivals that are not in ARRIVALS, or a rate that is not positive.
    """
    if rate_per_s <= 0:
        raise ValueError(f"the rate is {rate_per_s}; it must be above 0")
    if arrivals == "fixed":
        return _fixed(rate_per_s, worker, workers)
    if arrivals == "poisson":
        return _poisson(rate_per_s / workers, f"{seed}/{worker}")
    raise ValueError(f"arrivals are {arrivals!r}; choose one of {', '.join(ARRIVALS)}")


def surging(surge: Iterator[int], surge_s: float, after: Iterator[int]) -> Iterator[int]:
    """The moments of one schedule for so long, then those of another, which begins then."""
    ends = int(surge_s * SECOND_NS)
    yield from takewhile(lambda moment: moment < ends, surge)
    for moment in after:
        yield ends + moment


def _fixed(rate_per_s: float, worker: int, workers: int) -> Iterator[int]:
    number = worker
    while True:
        yield round(number * SECOND_NS / rate_per_s)  # no sum: errors would add up
        number += workers


def _poisson(rate_per_s: float, seed: str) -> Iterator[int]:
    pause = random.Random(seed).expovariate  # noqa: S311 - a simulation, not a secret
    moment = 0.0
    while True:
        moment += pause(rate_per_s)
        yield int(moment * SECOND_NS)
