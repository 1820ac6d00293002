"""A part's figure over the trials of a run: what of rules.py has to do with data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis.expression import parse
from analysis.judges._evidence import evidence_of
from analysis.selection import select
from analysis.statistics import estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.records import Run
    from analysis.rules import Rule, Value
    from analysis.statistics import Estimate


def figure(run: Run, common: Mapping[str, Value], rule: Rule) -> Estimate:
    """The figure of a rule: the block is the sample. Raises NotRunError when the run has no
    trial of a selection, NoValidTrialError when all of one are void."""
    found = [_by_block(trials, rule) for trials in groups(run, common, rule)]
    if rule.among is not None:
        found.sort(key=lambda values: float(values.median()), reverse=True)
        found = [found[0], found[-1]]
    values = found[0] if len(found) == 1 else found[0] / found[1].where(found[1] != 0)
    return estimate(values.dropna().to_numpy())


def groups(run: Run, common: Mapping[str, Value], rule: Rule) -> list[pd.DataFrame]:
    """The trials that count, of each selection of a rule."""
    chosen = rule.among or [one for one in (rule.of, rule.over) if one is not None]
    return [_counting(run, {**common, **settings}, rule) for settings in chosen]


def _counting(run: Run, settings: dict[str, Value], rule: Rule) -> pd.DataFrame:
    trials = select(run, settings, parse(rule.figure).columns)
    if rule.zero_if is not None:
        silent = _silent(trials, rule.zero_if)
        if silent.any():
            return trials[silent | trials["valid"]]
    return evidence_of(trials, settings)


def _by_block(trials: pd.DataFrame, rule: Rule) -> pd.Series[float]:
    """One value per block: the median over its trials. Indexed by block."""
    values = parse(rule.figure).of(trials)
    if rule.zero_if is not None:
        values = values.mask(_silent(trials, rule.zero_if), 0.0)
    values.index = pd.Index(trials["block"].to_numpy(dtype="int64"))
    return values.dropna().groupby(level=0).median()


def _silent(trials: pd.DataFrame, words: str) -> pd.Series[bool]:
    """The void trials whose reason holds these words."""
    said = trials["reason"].astype("string").str.contains(words, regex=False).fillna(False)
    return ~trials["valid"] & said.astype(bool)
