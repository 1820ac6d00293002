"""How wide an interval has to be when a run may look at its claims more than once.

A run that goes on until it can tell looks at a claim after its plan, and again whenever half as
many repeats more are there. Each look is another chance to be wrong, so each has a share of the
5% that all of them together may be: alpha spending (Lan and DeMets, *Discrete sequential
boundaries for clinical trials*, Biometrika 70, 1983), whatever the number of looks, as a run's
budget may end at any of them. The first look spends most of it (FIRST), so that what a single
look would decide is decided then too, nearly always: with five repeats its interval is 8% wider.
The rest, up to ALL, is spent as repeats grow, as 1 - (first / n) squared.

The bounds are those of a random walk, step by step from its density at the look before, which was
inside (Armitage, McPherson and Rowe, *Repeated significance tests on accumulating data*, Journal of
the Royal Statistical Society A 132, 1969). Their levels are then those of Student's t over so many
repeats: the significance level approach (Jennison and Turnbull, *Group Sequential Methods*, 2000,
section 11.5). What is approximate in that, few repeats that are not normal, and a look that lost a
block to void trials and stands between two, are why ALL is below 2.5% a side. The bootstrap, whose
median of 31 repeats lies outside its interval in 6% of cases, is for single looks alone.

`tests/analysis/statistics/test_looks.py` simulates whole procedures.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy import special

from analysis.arrays import Floats

CONFIDENCE = 0.95
TAIL = (1 - CONFIDENCE) / 2
"""Of an interval that is looked at once, on each side."""
FIRST, ALL = 0.8 * TAIL, 0.93 * TAIL
"""The same of the first look of several, and of all of them together."""
GROWTH = 1.5
"""Of the repeats, from look to look."""
MOST = 200
"""Repeats beyond which nothing is planned."""
STEP, REACH = 0.03, 7.0
"""Of the walk's grid, and how far it goes, in standard deviations of one repeat and of the sum."""


def tail(n: int, first: int = 0) -> float:
    """The chance that an interval over `n` repeats leaves out on each side, where the first look
    was at `first` of them; 0 where there is only one look."""
    if not first:
        return TAIL
    return FIRST if n <= first else _later(n, first)


def next_look(n: int, first: int) -> int:
    """The repeats of the look after that at `n`; of the first one where it is still to come."""
    look = first
    while look <= n:
        look = math.ceil(look * GROWTH)
    return look


@lru_cache(maxsize=4096)
def _later(n: int, first: int) -> float:
    """The level of a look after the first one, by the walk that all looks before left inside."""
    looks = [first]
    while (look := next_look(looks[-1], first)) < n:
        looks.append(look)
    reach = REACH * math.sqrt(n)
    sums = np.arange(-reach, reach + STEP, STEP, dtype="float64")
    density, before, spent = _normal(sums, first), first, 0.0
    for look in (*looks, n):
        if look > before:
            width = REACH * math.sqrt(look - before)
            steps = np.arange(-int(width / STEP), int(width / STEP) + 1, dtype="float64") * STEP
            density = np.convolve(density, _normal(steps, look - before), mode="same") * STEP
        to_spend = FIRST + (ALL - FIRST) * (1 - (first / look) ** 2)
        bound = _bound(sums, density, to_spend - spent)
        density = np.where(sums > bound, 0.0, density)
        before, spent = look, to_spend
    return float(special.ndtr(-bound / math.sqrt(n)))


def _normal(values: Floats, variance: float) -> Floats:
    """The density of a normal distribution around 0."""
    found: Floats = np.exp(-(values**2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)
    return found


def _bound(sums: Floats, density: Floats, chance: float) -> float:
    """The sum that is exceeded with this chance."""
    beyond = np.cumsum(density[::-1])[::-1] * STEP
    place = int(np.searchsorted(-beyond, -chance))
    above, below = beyond[place - 1], beyond[place]
    return float(sums[place - 1] + STEP * ((above - chance) / (above - below) - 0.5))
