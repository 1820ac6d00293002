"""What had no end yet as a window closed: right-censored times, and what they mean for percentiles.

A request that still waits has no response time, only an age, which its time will exceed. Left out,
a stall at the end of a window would be seen by nobody, and the longer it is the fewer requests
would tell of it. So ages stand among the times, and what could be much more is a lower bound.

An open loop says when each request was due: every one that waits is recorded. In a closed loop
each connection always has a request under way, and those that were begun before the window count in
full. To leave out as many at its end is fair, unless they are older than they should be.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from loadgen.engine.recorder import Counts, Recorder, at_ranks, ranks

UNLIKELY = 1e-6
"""A chance that no healthy load meets in any number of trials that somebody makes."""
MATERIAL = 0.05
"""Trials of equal settings differ by more."""


def counted(ages_us: Iterable[int]) -> Counts:
    """Ages as a recorder would have counted them."""
    recorder = Recorder()
    for age in ages_us:
        recorder.add(age)
    return recorder.snapshot()


def joined(one: Counts, other: Counts) -> Counts:
    """Both together."""
    return dict(Counter(one) + Counter(other)) if other else one


def without(counts: Counts, some: Counts) -> Counts:
    """What is left of `counts` when `some` of them are taken away."""
    return dict(Counter(counts) - Counter(some)) if some else counts


def overdue(ended: Counts, ages: Counts, length_us: float) -> Counts:
    """Those of `ages` that are older than what ended in a window of this length lets expect.

    At a moment of a steady load, `sum(max(0, time - age)) / length` are under way that are older
    than `age`. The k oldest are overdue where Chernoff's bound for a Poisson number has so many at
    a chance below UNLIKELY; older than all that ended, a single one is.
    """
    times = sorted(ended.items(), reverse=True)
    place, longer, their_sum, oldest = 0, 0, 0, 0
    youngest = math.inf
    for age in sorted(ages, reverse=True):
        while place < len(times) and times[place][0] > age:
            longer += times[place][1]
            their_sum += times[place][0] * times[place][1]
            place += 1
        oldest += ages[age]
        if _unlikely(oldest, (their_sum - age * longer) / length_us):
            youngest = age
    return {age: count for age, count in ages.items() if age >= youngest}


def _unlikely(number: int, expected: float) -> bool:
    if expected <= 0:
        return True
    bound = number - expected + number * math.log(expected / number)
    return number > expected and bound < math.log(UNLIKELY)


def lower_bounds(times: Counts, late: Counts, wanted: Sequence[float]) -> list[bool]:
    """Whether those of the `times` that are `late` could well raise each percentile.

    They could take any time from their ages on. If they took for ever, a percentile would be that
    of the others at the same rank: one that is MATERIAL greater, or none, makes it a lower bound.
    """
    if not late:
        return [False] * len(wanted)
    places = ranks(sum(times.values()), wanted)
    told = at_ranks(times, places)
    at_most = at_ranks(without(times, late), places)
    return [
        low is not None and (high is None or high > low * (1 + MATERIAL))
        for low, high in zip(told, at_most, strict=True)
    ]
