"""A part's figure over the trials of a run: what of rules.py has to do with data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.claims.expression import parse
from analysis.claims.judgement import MOST_FAILED
from analysis.claims.judges._evidence import described, evidence_of
from analysis.outcomes.causes import disturbed, failed, unknown
from analysis.outcomes.evidence_lost import tried_of
from analysis.selection.by_settings import select
from analysis.statistics.estimates import estimate
from analysis.statistics.extremes import largest_over_smallest
from analysis.statistics.longer_times import moved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.claims.rules import Rule, Value
    from analysis.outcomes.causes import Flags
    from analysis.outcomes.evidence_lost import Tried
    from analysis.records.run import Run
    from analysis.statistics.estimates import Estimate


@dataclass(frozen=True, slots=True)
class Measured:
    """A rule's figure, the trials of each selection that it stands on (those that count), what
    became of all of them, and the blocks `lost`, of which only one side has a figure. `rises` and
    `falls` say where the figure could be elsewhere, as too many of its times are lower bounds."""

    estimate: Estimate
    frames: list[pd.DataFrame]
    tried: tuple[Tried, ...]
    lost: int
    rises: bool = False
    falls: bool = False


def figure(run: Run, common: Mapping[str, Value], rule: Rule) -> Estimate:
    """The figure of a rule: the block is the sample. Raises NotRunError when the run has no
    trial of a selection, NoValidTrialError when all of one are void."""
    return measured(run, common, rule).estimate


def measured(run: Run, common: Mapping[str, Value], rule: Rule) -> Measured:
    """The same, with all that it stands on."""
    chosen = rule.among or [one for one in (rule.of, rule.over) if one is not None]
    parts = [_counting(run, {**common, **settings}, rule) for settings in chosen]
    frames, tried = [frame for frame, _, _ in parts], tuple(one for _, one, _ in parts)
    up, down = _open(rule, [moves for _, _, moves in parts])
    found = [_by_block(trials, rule) for trials in frames]
    every = set().union(*(values.index for values in found))
    if rule.among is not None:
        estimate_of = largest_over_smallest(found)
        common_blocks = set.intersection(*(set(values[values > 0].index) for values in found))
        return Measured(estimate_of, frames, tried, len(every) - len(common_blocks), up, down)
    values = found[0] if len(found) == 1 else found[0] / found[1].where(found[1] != 0)
    values = values.dropna()
    return Measured(estimate(values.to_numpy()), frames, tried, len(every) - len(values), up, down)


def _open(rule: Rule, moves: list[tuple[bool, bool]]) -> tuple[bool, bool]:
    """Whether the whole figure could be larger, and smaller, given whether each selection's could:
    a divisor that rises makes it fall, and of the largest over the smallest nobody knows."""
    if rule.among is not None:
        some = any(rises or falls for rises, falls in moves)
        return some, some
    turned = [moves[0], *((falls, rises) for rises, falls in moves[1:])]
    return any(rises for rises, _ in turned), any(falls for _, falls in turned)


def _counting(
    run: Run, settings: dict[str, Value], rule: Rule
) -> tuple[pd.DataFrame, Tried, tuple[bool, bool]]:
    """The trials of one selection that count, what became of all of them, and whether more than
    MOST_FAILED of those that count could have a larger figure, or a smaller one."""
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
    rises, falls = moved(run, frame, expression)
    whole = tried_of(told, described(**settings), missing, int((rises | falls).sum()))
    return frame, whole, (rises.mean() > MOST_FAILED, falls.mean() > MOST_FAILED)


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
