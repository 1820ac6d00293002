"""The highest rate that a server holds, from trials that kept the limits and trials that did not.

Two trials at one rate may end differently, so a bisection that believes each of them ends with an
interval that is too narrow, and often wrong. Here every trial is evidence: it keeps the limits with
a chance that falls from one to nought around the rate sought, over a stretch as wide as equal
trials differ. Where that rate probably is, is told by Bayes' rule on a grid of its logarithm and of
that width, which nobody knows beforehand. The next trial is best made at the median of the belief.

Sources: A. B. Watson and D. G. Pelli, *QUEST: a Bayesian adaptive psychometric method*, Perception
& Psychophysics 33 (1983); R. Waeber, P. I. Frazier and S. G. Henderson, *Bisection search with
noisy responses*, SIAM J. Control Optim. 51 (2013). What is sought, the highest load within a limit
of loss that repeated trials confirm, is that of draft-ietf-bmwg-mlrsearch (*Multiple Loss Ratio
Search*).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Final

LAPSE: Final = 0.01
"""Share of the trials far below or far beyond that end otherwise: a hiccup, or luck."""
WIDTHS: Final = ((0.004, 0.35), (0.02, 0.25), (0.06, 0.2), (0.1, 0.2))
"""By which factor (its logarithm) the edge differs from trial to trial, and how likely that is."""
BELOW: Final = math.log(64)
ABOVE: Final = math.log(4)
"""How far from the first guess the rate may be."""
STEP: Final = 0.005
USUAL: Final = math.log(0.9)
SPREAD: Final = 0.35
"""Where it is beside what a closed loop had, for most servers, and how much that differs."""
OTHERWISE: Final = 0.15
"""Share of the belief that is spread evenly: the guess may be wrong."""
SURE: Final = 0.95


@dataclass(frozen=True, slots=True)
class RateTried:
    """A trial at this rate, and whether it kept the limits."""

    rate_per_s: float
    kept: bool


@dataclass(frozen=True, slots=True)
class HeldRate:
    """Requests a second: the median of the belief, and the ends between which it has SURE. At an
    edge of the grid an end says no more than that it is beyond."""

    median: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """As a factor."""
        return self.high / self.low


def held_rate(guess_per_s: float, seen: Sequence[RateTried]) -> HeldRate:
    """What is believed after these trials; `guess_per_s` is what a closed loop had."""
    grid, belief = belief_of(guess_per_s, tuple(seen))
    return HeldRate(
        *(guess_per_s * math.exp(one) for one in _quantiles(grid, belief, (0.5, (1 - SURE) / 2)))
    )


@lru_cache(maxsize=64)
def belief_of(
    guess_per_s: float, seen: tuple[RateTried, ...]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The grid (logarithms of rate / guess, in steps of STEP), and the weight of each point, not
    normalised. Kept, as many answers of a check-up need the same one."""
    grid = [step * STEP - BELOW for step in range(round((BELOW + ABOVE) / STEP) + 1)]
    flat = OTHERWISE / len(grid)
    bell = [math.exp(-(((place - USUAL) / SPREAD) ** 2) / 2) for place in grid]
    scale = (1 - OTHERWISE) / sum(bell)
    prior = [flat + scale * one for one in bell]
    trials = [(math.log(one.rate_per_s / guess_per_s), one.kept) for one in seen]
    belief = [0.0] * len(grid)
    for width, chance in WIDTHS:
        for place, at in enumerate(grid):
            likely = prior[place] * chance
            for tried, kept in trials:
                likely *= _chance((at - tried) / width, kept)
            belief[place] += likely
    return tuple(grid), tuple(belief)


def _chance(distance: float, kept: bool) -> float:
    """That a trial so far below the edge, in widths, ends so."""
    holds = LAPSE + (1 - 2 * LAPSE) * (1 + math.erf(distance / math.sqrt(2))) / 2
    return holds if kept else 1 - holds


def _quantiles(
    grid: Sequence[float], weights: Sequence[float], wanted: tuple[float, float]
) -> tuple[float, float, float]:
    """The median, and the ends beyond each of which the second share lies."""
    sums = list(accumulate(weights))
    middle, tail = wanted

    def at(share: float) -> float:
        return next(place for place, one in zip(grid, sums, strict=True) if one >= share * sums[-1])

    return at(middle), at(tail), at(1 - tail)
