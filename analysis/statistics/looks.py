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

Where many figures are looked at, each needs a p that holds over all looks, to be adjusted for their
number: `over_looks` has the smallest share of chance that a design like this one could have been
given in all and still call the figure now (Jennison and Turnbull, section 8.4, of the p-value that
belongs to alpha spending). What was spent before is scaled with it, as the walk is for each share.

`tests/analysis/statistics/test_looks.py` simulates whole procedures.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import special

from analysis.arrays import Floats, Numbers

CONFIDENCE = 0.95
TAIL = (1 - CONFIDENCE) / 2
"""Chance on each side of an interval that is looked at once."""
FIRST, ALL = 0.8 * TAIL, 0.93 * TAIL
"""The same of the first look of several, and of all of them together."""
GROWTH = 1.5
"""Factor of the repeats from look to look."""
MOST = 200
"""Repeats beyond which nothing is planned."""
STEP, REACH = 0.03, 7.0
"""Step of the walk's grid, and its reach, in standard deviations of one repeat and of the sum."""
SCALES = (1.0, 0.25, 0.25**2, 0.25**3, 0.25**4, 0.25**5)
"""Shares of TAIL: the designs between whose levels `over_looks` interpolates."""


class Ahead(NamedTuple):
    """Blocks until the next look, and in all by the spread seen so far; None where nobody can
    say."""

    next_look: int
    needed: int | None


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


def blocks_to_look(n: int, first: int) -> int:
    """From n repeats to the next look, one at least."""
    return max(1, next_look(n, first) - n)


def over_looks(p: Floats, n: Numbers, first: Numbers) -> Floats:
    """Two-sided p-values that hold over all looks: below 1 - CONFIDENCE are those, and those alone,
    that an interval of this look would call. `p` are of this look by itself, at `n` repeats each,
    the first look being at `first`; 0 where it is the only one."""
    found = np.array(p, dtype="float64")
    for at, begun in sorted({*zip(n.tolist(), first.tolist(), strict=True)} if len(found) else ()):
        if begun:
            mine = (n == at) & (first == begun)
            found[mine] = 2 * _over_looks(found[mine] / 2, at, begun)
    return found


def _over_looks(p: Floats, n: int, first: int) -> Floats:
    """The same of one-sided ones at one look."""
    levels = np.array([_level(n, first, scale) for scale in SCALES])
    spent = TAIL * np.array(SCALES)
    # Beyond the designs at either end a level has the same share of what is spent.
    near = np.clip(p, levels[-1], levels[0])
    between = np.exp(np.interp(np.log(near), np.log(levels[::-1]), np.log(spent[::-1])))
    return np.minimum(between * p / near, 0.5)


def _level(n: int, first: int, scale: float) -> float:
    """The level of a look of a design that may be wrong by so much of TAIL on each side."""
    return FIRST * scale if n <= first else _later(n, first, scale)


@lru_cache(maxsize=4096)
def _later(n: int, first: int, scale: float = 1.0) -> float:
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
        to_spend = scale * (FIRST + (ALL - FIRST) * (1 - (first / look) ** 2))
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
