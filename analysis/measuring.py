"""A part's figure over the trials of a run: what of rules.py has to do with data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.causes import disturbed, failed, unknown
from analysis.expression import parse
from analysis.judges._evidence import described, evidence_of
from analysis.ranges import largest_over_smallest
from analysis.selection import select
from analysis.statistics import estimate
from analysis.tried import tried_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.causes import Flags
    from analysis.records import Run
    from analysis.rules import Rule, Value
    from analysis.statistics import Estimate
    from analysis.tried import Tried


@dataclass(frozen=True, slots=True)
class Measured:
    """A rule's figure, the trials of each selection that it stands on (those that count), what
    became of all of them, and the blocks `lost`, of which only one side has a figure."""

    estimate: Estimate
    frames: list[pd.DataFrame]
    tried: tuple[Tried, ...]
    lost: int


def figure(run: Run, common: Mapping[str, Value], rule: Rule) -> Estimate:
    """The figure of a rule: the block is the sample. Raises NotRunError when the run has no
    trial of a selection, NoValidTrialError when all of one are void."""
    return measured(run, common, rule).estimate


def measured(run: Run, common: Mapping[str, Value], rule: Rule) -> Measured:
    """The same, with all that it stands on."""
    chosen = rule.among or [one for one in (rule.of, rule.over) if one is not None]
    pairs = [_counting(run, {**common, **settings}, rule) for settings in chosen]
    frames, tried = [frame for frame, _ in pairs], tuple(one for _, one in pairs)
    found = [_by_block(trials, rule) for trials in frames]
    every = set().union(*(values.index for values in found))
    if rule.among is not None:
        estimate_of = largest_over_smallest(found)
        common_blocks = set.intersection(*(set(values[values > 0].index) for values in found))
        return Measured(estimate_of, frames, tried, len(every) - len(common_blocks))
    values = found[0] if len(found) == 1 else found[0] / found[1].where(found[1] != 0)
    values = values.dropna()
    return Measured(estimate(values.to_numpy()), frames, tried, len(every) - len(values))


def _counting(run: Run, settings: dict[str, Value], rule: Rule) -> tuple[pd.DataFrame, Tried]:
    """The trials of one selection that count, and what became of all of them."""
    expression = parse(rule.figure)
    trials = select(run, settings, expression.columns)
    silent = _silent(trials, rule)
    counts = silent | trials["valid"].to_numpy(dtype=bool)
    if rule.with_failed:
        counts |= failed(trials)
    frame = trials[counts] if counts.any() else evidence_of(trials, settings)
    # A trial that counts with its figure, nought included, is evidence and no failure.
    told = trials.assign(valid=counts)
    measured_ones = silent[counts] | expression.of(frame).notna().to_numpy()
    missing = int((~measured_ones).sum())
    return frame, tried_of(told, described(**settings), missing)


def _by_block(trials: pd.DataFrame, rule: Rule) -> pd.Series[float]:
    """One value per block: the median over its trials. Indexed by block."""
    values = parse(rule.figure).of(trials)
    values = values.mask(_silent(trials, rule), 0.0)
    values.index = pd.Index(trials["block"].to_numpy(dtype="int64"))
    return values.dropna().groupby(level=0).median()


def _silent(trials: pd.DataFrame, rule: Rule) -> Flags:
    """The void trials that count as nought: their reason holds the words of `zero_if`, nothing else
    spoiled them, and nothing else had the machine, which has to be known where nobody recorded
    who spoiled them."""
    if rule.zero_if is None:
        return np.zeros(len(trials), dtype=bool)
    said = trials["reason"].astype("string").str.contains(rule.zero_if, regex=False)
    quiet = trials["steal_share"].notna() & trials["foreign_cpu_share"].notna()
    theirs = failed(trials) | (unknown(trials) & quiet.to_numpy(dtype=bool))
    return said.fillna(False).to_numpy(dtype=bool) & theirs & ~disturbed(trials)
