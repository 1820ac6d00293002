"""Intervals of what was picked by its figure: the extremes of several, or one of many.

The best and the worst of N equal servers differ in any run, and an interval of that ratio which
forgets that they were picked lies wholly above 1 in 8% of runs with three servers and in 17% with
ten, where 2.5% would be right.

`largest_over_smallest` therefore looks at all pairs at once (Dunn, *Multiple comparisons among
means*, Journal of the American Statistical Association 56, 1961): within blocks, by Student's t on
the logarithms of each pair's ratio with a spread of its own, each bound at 2.5% over the number of
bounds. The largest of the lower bounds is below the ratio of the true extremes, and the largest of
the upper ones above it, in 97.5% of cases each, whichever they are. Tukey's studentized range
is narrower where all spread alike and wrong in 11% of runs where one server of five is noisier than
the others; Games and Howell's is wrong in 5 to 10% with five blocks and equal servers.
`tests/analysis/statistics/test_extremes.py` shows it by simulation.

`widened` makes an interval right for whichever of so many is picked, in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import special

from analysis.arrays import Floats
from analysis.outcomes.lower_bounds import UPPER, marked
from analysis.statistics.blocks import by_block
from analysis.statistics.estimates import BOOTSTRAP, ONE, STUDENT, Estimate, nothing
from analysis.statistics.looks import TAIL, tail
from analysis.statistics.medians import BOOTSTRAP_FROM
from analysis.wording import interval, number

SIMULTANEOUS = "Student's t of all pairs (Dunn)"


def largest_over_smallest(groups: Sequence[pd.Series[float]], first: int = 0) -> Estimate:
    """The ratio of the group with the largest figure to that with the smallest: the median over
    blocks of the pair that lies furthest apart, with the interval of the true extremes' ratio.
    `groups` are values by block; what is not positive has no ratio. `n` is the fewest blocks that
    any pair has in common; with fewer than two of them there is no interval. `first` is as of
    `estimate`."""
    return of_blocks(pd.concat(groups, axis="columns").to_numpy(dtype="float64"), first)


def of_blocks(values: Floats, first: int = 0) -> Estimate:
    """The same of a row per block and a column per group, NaN where there is none."""
    logs = np.log(np.where(values > 0, values, np.nan))
    bounds = logs.shape[1] * (logs.shape[1] - 1)
    furthest, step, fewest, ends = -1.0, np.empty(0), len(logs), []
    for one, other in combinations(range(logs.shape[1]), 2):
        apart = logs[:, one] - logs[:, other]
        apart = apart[np.isfinite(apart)]
        fewest = min(fewest, len(apart))
        if not len(apart):
            continue
        middle = float(apart.mean())
        if abs(middle) > furthest:
            furthest, step = abs(middle), apart if middle >= 0 else -apart
        if len(apart) > 1:
            half = _critical(len(apart), bounds, first) * apart.std(ddof=1) / np.sqrt(len(apart))
            ends.append((abs(middle) - half, abs(middle) + half))
    if not len(step):
        return nothing()
    # No ratio of a largest to a smallest is below 1, though the median of few blocks may be.
    value = max(1.0, float(np.exp(np.median(step))))
    if fewest < 2:
        return Estimate(value, float("nan"), float("nan"), fewest, ONE)
    low, high = (float(np.exp(max(side))) for side in zip(*ends, strict=True))
    factor = _critical(len(step), bounds, first) / _critical(len(step), 1, first)
    spread = float(step.std(ddof=1)) * factor
    low, high = max(1.0, min(low, value)), max(high, value)
    return Estimate(value, low, high, fewest, SIMULTANEOUS, spread, first)


def between_servers(trials: pd.DataFrame, metric: str) -> Estimate:
    """The same of a metric of the servers of some valid trials, which have one setting each."""
    servers = trials["server"].unique()
    groups = [by_block(trials[trials["server"] == server], metric) for server in servers]
    groups = [values for values in groups if len(values)]
    return largest_over_smallest(groups) if len(groups) > 1 else nothing()


def in_words(found: Estimate) -> str:
    """By how much: '103 times (95.0 to 112)', '1.04 times (no more than chance)'."""
    text = f"{number(found.value)} times"
    if not found.bounded:
        return text
    if found.low <= 1:
        return f"{text} (no more than chance)"
    ends = interval(found.low, found.high, "x")
    return f"{text} ({ends})" if ends else text


def apart_in_words(found: Estimate, ordered: pd.DataFrame, metric: str) -> str:
    """The same, given the table's rows of those servers in the order of the metric, some of which
    may be bounds: 'at least 103 times' where the extreme that such may not pass is known; '' where
    it is not, or where chance may be all of it."""
    held = marked(ordered, metric)
    if not held.any():
        return in_words(found)
    # What is at most so much may be the least of all, and what is at least so much the most.
    known_end = -1 if metric in UPPER else 0
    if held[known_end] or (found.bounded and found.low <= 1):
        return ""
    return f"at least {number(found.value)} times"


def widened(found: Estimate, picked_of: int) -> Estimate:
    """The same figure with an interval that holds whichever of so many was picked; as it is where
    it was the only one, or is none of confidence."""
    if picked_of < 2 or not found.bounded or found.method not in ("", STUDENT, BOOTSTRAP):
        return found
    freedom = np.inf if found.method == BOOTSTRAP else max(found.n, 2) - 1
    factor = _factor(freedom, picked_of, tail(found.n, found.first))
    logs = found.low > 0 and np.isfinite(found.spread)
    low, high = (np.log(found.low), np.log(found.high)) if logs else (found.low, found.high)
    middle, half = (low + high) / 2, (high - low) / 2 * factor
    ends = np.array([middle - half, middle + half])
    low, high = np.exp(ends) if logs else ends
    return replace(found, low=float(low), high=float(high))


def widening(n: Floats | int, picked_of: int) -> Floats:
    """By what factor the half of an interval over n repeats has to grow."""
    repeats = np.fmax(np.asarray(n, dtype="float64"), 2)
    # The bootstrap's ends are at quantiles of what is nearly a normal distribution.
    return _factor(np.where(repeats < BOOTSTRAP_FROM, repeats - 1, np.inf), picked_of, TAIL)


def _factor(freedom: Floats | float, picked_of: int, outside: float) -> Floats:
    """The same, given the degrees of freedom and what the interval leaves out on each side."""
    wide, plain = (special.stdtrit(freedom, 1 - outside / of) for of in (max(picked_of, 1), 1))
    return np.asarray(wide / plain)


@lru_cache(maxsize=4096)
def _critical(n: int, bounds: int, first: int) -> float:
    return float(special.stdtrit(n - 1, 1 - tail(n, first) / bounds))
