"""Trials cut into stretches of time: seconds where they were recorded, else whole windows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.arrays import Floats
from analysis.records import details
from analysis.records.run import Run
from analysis.records.words import starved

PER_DECADE = 10
EDGES = np.logspace(0, 8, 8 * PER_DECADE + 1)
"""1 us to 100 s, in microseconds."""


class Column(NamedTuple):
    """A stretch of time: from the opening of its window to its end in seconds, the requests by
    bin of EDGES, whether a trial begins with it, and whether ages of what had no answer are among
    them, as in the last of a trial. One in which nobody was answered is empty: a gap. Where its
    trial starved clients, the waits are of the others alone."""

    trial: str
    block: int
    from_s: float
    to_s: float
    bins: Floats
    first: bool
    bounded: bool
    starved: bool


def of_trials(run: Run, trials: pd.DataFrame) -> list[Column]:
    """All stretches of some trials, one after the other."""
    nobody = (trials["requests"] == 0).to_numpy(dtype=bool)
    rows = zip(trials["trial"], trials["block"], starved(trials), nobody, strict=True)
    return [
        column
        for name, block, hungry, none in rows
        for column in _of_trial(run, str(name), int(block), bool(hungry), bool(none))
    ]


def _of_trial(run: Run, trial: str, block: int, hungry: bool, nobody: bool) -> list[Column]:
    """A column per recorded second; one for all of them where no counts were kept. A trial that
    served nobody is a gap."""
    seconds, ages = details.seconds(run, trial), details.ages(run, trial)
    gap = hungry and nobody
    if len(seconds) > 1 and (gap or any(found.get_total_count() for _, found in seconds)):
        columns = [
            Column(
                *(trial, block, row.from_s, row.to_s, _bins(*details.spread(found))),
                first=place == 0,
                bounded=False,
                starved=hungry,
            )
            for place, (row, found) in enumerate(seconds)
        ]
        if ages is not None:  # no second has what was never answered
            bins = columns[-1].bins + _bins(*ages)
            columns[-1] = columns[-1]._replace(bins=bins, bounded=True)
        return columns
    whole, window = details.counts(run, trial), details.details(run, trial).window
    if window is None or (whole is None and not gap):
        return []
    bins = np.zeros(len(EDGES) - 1) if whole is None else _bins(*whole)
    return [Column(trial, block, 0.0, window.window_s, bins, True, ages is not None, hungry)]


def _bins(us: Floats, many: Floats) -> Floats:
    found, _ = np.histogram(us.clip(EDGES[0], EDGES[-1]), EDGES, weights=many)
    return found.astype("float64")
