"""The thresholds of a run whose interval crosses their limit at some point, and that more blocks
may settle.

A point keeps a threshold by the median of its trials. Where the median's interval lies on one side
of the limit, more trials would hardly move it to the other. A failed trial has broken it for good,
and what has to hold in each trial is a matter of single ones: no interval is asked. Nor does it
decide where values are missing, or lower bounds.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.outcomes import causes
from analysis.outcomes.error_tails import with_error_tails
from analysis.outcomes.thresholds import IN_EACH, counted_trials, wanted
from analysis.records.first_look import first_look
from analysis.records.run import Run
from analysis.statistics.estimates import Estimate, estimate, repeats_needed
from analysis.statistics.looks import MOST, Ahead, blocks_to_look
from analysis.wording import plural
from contract.more_blocks import OpenQuestion
from contract.thresholds import Threshold

LEAST = 2
"""Trials of which a median has an interval."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A point at which the interval of the median, `found`, has the limit in it."""

    point: str
    found: Estimate
    threshold: Threshold

    @property
    def ahead(self) -> Ahead:
        """What it has before it, from now."""
        n, total = self.found.n, self._total
        step = blocks_to_look(n, self.found.first)
        return Ahead(step, None if total is None else max(step, total - n))

    @property
    def hopeless(self) -> bool:
        """Whether it would take more than anybody measures."""
        seen = self.found.n >= LEAST and math.isfinite(self.found.spread)
        return self.found.n >= MOST or (seen and self._total is None)

    @property
    def _total(self) -> int | None:
        value, limit = self.found.value, self.threshold.limit
        if not (value > 0 and limit > 0):
            return None
        return repeats_needed(self.found, abs(float(np.log(value / limit))))


def crossings(run: Run) -> list[Crossing]:
    """Crossings of all thresholds; none in a run that looks once."""
    if not run.manifest.budget_s:
        return []
    return [one for threshold in wanted(run) for one in _of(run, threshold)]


def open_thresholds(run: Run) -> list[OpenQuestion]:
    """Each threshold, with the points that take as many more blocks together."""
    groups: dict[tuple[str, int | None], list[Crossing]] = defaultdict(list)
    for one in crossings(run):
        if not one.hopeless:
            groups[one.threshold.text, one.ahead.needed].append(one)
    return [
        OpenQuestion(
            f"threshold {text}",
            plural(len(mine), "point"),
            max(one.ahead.next_look for one in mine),
            needed,
            tuple(sorted(one.point for one in mine)),
        )
        for (text, needed), mine in groups.items()
    ]


def _of(run: Run, threshold: Threshold) -> Iterator[Crossing]:
    if threshold.column in IN_EACH:
        return
    nothing = np.zeros(len(run.trials), dtype=bool)
    low = with_error_tails(run).get(threshold.column, nothing)
    trials = counted_trials(run)
    failed = pd.Series(causes.failed(trials), index=trials.index)
    bound = pd.Series(low[trials.index], index=trials.index)
    for point, mine in trials.groupby("point", observed=True, sort=False):
        counting = mine[mine["valid"]]
        values = counting.set_index("block")[threshold.column].astype("float64")
        if failed[mine.index].any() or bound[counting.index].any():
            continue
        if not len(values) or values.isna().any():
            continue
        found = estimate(values.to_numpy(), first_look(run, values, LEAST))
        if _crosses(threshold, found):
            yield Crossing(str(point), found, threshold)


def _crosses(threshold: Threshold, found: Estimate) -> bool:
    if not found.bounded:
        return True
    return len({threshold.holds(end) for end in (found.low, found.value, found.high)}) > 1
