"""The figure of a rule over the trials of a run: what of rules.py has to do with data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from analysis.claims.evidence import described, evidence_of, without_silent
from analysis.claims.expression import parse
from analysis.claims.first_look import first_look
from analysis.claims.load_as_asked import (
    KINDS,
    WORKERS,
    company_as_asked,
    held_as_asked,
    mix_as_asked,
)
from analysis.claims.longer_times import moved
from analysis.claims.rules import Comparison, Levels, Line
from analysis.outcomes.basis import Basis, basis_of
from analysis.outcomes.causes import MOST_FAILED, failed
from analysis.outcomes.error_tails import answered_share
from analysis.records.run import Run
from analysis.records.words import limit_reached, starved
from analysis.selection.trials import NotRunError, Value, with_settings
from analysis.statistics.blocks import block_medians
from analysis.statistics.estimates import Estimate, estimate
from analysis.statistics.extremes import largest_over_smallest
from analysis.statistics.linear_cost import growth
from analysis.wording import count

Settings = Mapping[str, Value]
RATE, COST = "requests_per_s", "server_cpu_us_per_request"


@dataclass(frozen=True, slots=True)
class Measured:
    """A rule's figure, the trials of each selection that it stands on (those that count), what
    became of all of them, and the blocks `lost`, of which only one side has a figure. `rises` and
    `falls` say where the figure could be elsewhere, as too many of its trials have a bound alone;
    `unproven`, why a figure within its bound shows nothing."""

    estimate: Estimate
    frames: list[pd.DataFrame]
    basis: tuple[Basis, ...]
    lost: int = 0
    rises: bool = False
    falls: bool = False
    unproven: str = ""
    each: tuple[float, ...] = ()
    """The figure of each trial of the first selection that has one."""
    had_all_been_answered: Estimate | None = None
    """The figure of rates and costs if all had been answered; None where nothing failed."""


@dataclass(frozen=True, slots=True)
class Side:
    """One selection: its trials that count, the figure of each, what became of all trials, and
    whether more than MOST_FAILED of those that count could have a larger figure, or a smaller."""

    trials: pd.DataFrame
    figures: pd.Series[float]
    basis: Basis
    rises: bool
    falls: bool

    @property
    def by_block(self) -> pd.Series[float]:
        """One value per block: the median over its trials."""
        return block_medians(self.figures, self.trials["block"])


def figure(run: Run, common: Settings, rule: Comparison) -> Estimate:
    """The figure of a rule: the block is the sample. Raises NotRunError when the run has no
    trial of a selection, NoValidTrialError when none of one has figures."""
    return measured(run, common, rule).estimate


def measured(run: Run, common: Settings, rule: Comparison) -> Measured:
    """The same, with all that it stands on; `common` are settings of all selections."""
    selections = [{**common, **settings} for settings in rule.selections]
    if rule.line is not None:
        return _of_line(run, selections[0], rule, rule.line)
    if rule.at_most_connections:
        return _at_most_connections(run, selections[0], rule)
    sides = [
        _side(with_settings(run, one), described(one), rule, run, first=not place)
        for place, one in enumerate(selections)
    ]
    found = [side.by_block for side in sides]
    every = set().union(*(values.index for values in found))
    if rule.among is not None:
        kept = set.intersection(*(set(values[values > 0].index) for values in found))
        ratio = largest_over_smallest(found, first_look(run, found[0][list(kept)]))
    else:
        values = _compared(found, sides, rule).dropna()
        kept = set(values.index)
        ratio = estimate(values.to_numpy(), first_look(run, values))
    # A block that has all sides and no figure, as one is nought, is like one that was not measured.
    undefined = set.intersection(*(set(values.dropna().index) for values in found)) - kept
    head, *others = (side.basis for side in sides)
    head = replace(head, missing=head.missing + len(undefined))
    frames = [side.trials for side in sides]
    each = tuple(sides[0].figures.dropna())
    lost, basis = len(every) - len(kept), (head, *others)
    answered = _had_all_been_answered(run, rule, sides)
    return Measured(ratio, frames, basis, lost, *_moves(rule, sides), "", each, answered)


def _had_all_been_answered(run: Run, rule: Comparison, sides: list[Side]) -> Estimate | None:
    """The figure with rates as if each request that ended in an error, or had no answer, had been
    answered, and costs as if the processor's time had been for these as well; but for the selection
    that a claim about errors is about. None where no rate or cost is in it, or nothing failed."""
    expression = parse(rule.figure)
    if rule.with_failed or not {RATE, COST} & set(expression.columns):
        return None
    shares = [answered_share(side.trials) for side in sides]
    if rule.about_errors:
        shares[0] = np.ones(len(shares[0]))
    if not any((share < 1).any() for share in shares):
        return None
    found = []
    for side, answered in zip(sides, shares, strict=True):
        trials = side.trials
        trials = trials.assign(**{RATE: trials[RATE] / answered, COST: trials[COST] * answered})
        found.append(replace(side, trials=trials, figures=expression.of(trials)))
    values = [side.by_block for side in found]
    if rule.among is not None:
        return largest_over_smallest(values, first_look(run, values[0]))
    whole = _compared(values, found, rule).dropna()
    return estimate(whole.to_numpy(), first_look(run, whole))


def expanded(run: Run, common: Settings, rule: Comparison) -> tuple[list[Comparison], list[int]]:
    """The rule itself, or one for each of its levels, and those levels."""
    if rule.each is None:
        return [rule], []
    name = rule.each.setting
    trials = with_settings(run, _fixed({**common, **rule.selections[-1]}, rule), rule.free)
    levels = _levels(sorted(int(level) for level in trials[name].unique()), rule.each)
    rules = []
    for level in levels:
        sides = {key: getattr(rule, key) for key in ("of", "over", "since")}
        at_level = {key: {**one, name: level} for key, one in sides.items() if one is not None}
        label = f"{rule.label} at {count(level)}"
        rules.append(rule.model_copy(update={"label": label, **at_level}))
    return rules, levels


def _levels(found: list[int], wanted: Levels) -> list[int]:
    """Those to judge at; NotRunError if there are none."""
    inside = [level for level in found if wanted.first <= level <= wanted.last]
    below = [level for level in found if level < wanted.first][-1:]
    above = [level for level in found if level > wanted.last][:1]
    if inside or (below and above):
        return inside or below + above
    raise NotRunError(
        f"no trial of this run has {count(wanted.first)} to {count(wanted.last)} "
        f"{wanted.setting.replace('_', ' ')}, nor one on each side"
    )


def _compared(
    found: list[pd.Series[float]], sides: list[Side], rule: Comparison
) -> pd.Series[float]:
    """The figure of each block: of one selection, over a second one, or since one."""
    if rule.over is not None:
        return found[0] / found[1].where(found[1] != 0)
    if rule.since is None:
        return found[0]
    grown = found[0] - found[1]
    if rule.per is None:
        return grown
    many, few = (
        block_medians(parse(rule.per).of(side.trials), side.trials["block"]) for side in sides
    )
    per = many - few
    # Where that did not grow, nothing can be said of what it costs.
    return grown / per.where(per > 0)


def _moves(rule: Comparison, sides: list[Side]) -> tuple[bool, bool]:
    """Whether the whole figure could be larger, and smaller, given whether each selection's could:
    what is divided by or subtracted makes it fall as it rises, and of the largest over the
    smallest nobody knows."""
    if rule.among is not None:
        some = any(side.rises or side.falls for side in sides)
        return some, some
    first, *others = sides
    return (
        first.rises or any(side.falls for side in others),
        first.falls or any(side.rises for side in others),
    )


def _side(
    trials: pd.DataFrame, what: str, rule: Comparison, run: Run, *, first: bool = True
) -> Side:
    """One selection of the run, which `what` describes; the `first` is what a claim about errors is
    about."""
    expression = parse(rule.figure)
    if rule.with_failed:
        trials = trials.assign(valid=trials["valid"].to_numpy(dtype=bool) | failed(trials))
    trials = without_silent(trials, expression.of(trials))
    frame = evidence_of(trials, what)
    figures = expression.of(frame).where(company_as_asked(frame))
    if KINDS in expression.columns:
        figures = figures.where(mix_as_asked(frame))
    if WORKERS in expression.columns:
        figures = figures.where(held_as_asked(frame))
    told = figures if rule.per is None else figures + parse(rule.per).of(frame)
    rises, falls = moved(run, frame, expression)
    bounded = int(((rises | falls) & ~starved(frame)).sum())
    basis = basis_of(trials, what, int(told.isna().sum()), bounded)
    if (rule.about_errors and first) or rule.with_failed:
        basis = replace(basis, beside=0.0)
    return Side(frame, figures, basis, rises.mean() > MOST_FAILED, falls.mean() > MOST_FAILED)


def _of_line(run: Run, settings: Settings, rule: Comparison, line: Line) -> Measured:
    """The figure of lines through all levels of a setting, a line for each block."""
    fixed = _fixed(settings, rule)
    trials = with_settings(run, fixed, rule.free)
    whole = _side(trials, described(fixed), rule, run)
    found = growth(
        whole.trials["block"], whole.trials[line.along], whole.figures, partial(first_look, run)
    )
    basis = []
    for level in sorted(int(level) for level in trials[line.along].unique()):
        mine = trials[trials[line.along] == level]
        missing = int(whole.figures[whole.trials[line.along] == level].isna().sum())
        basis.append(basis_of(mine, described({**settings, line.along: level}), missing))
    some = whole.rises or whole.falls
    fitted = found.r_squared if line.gives == "r_squared" else found.slope
    return Measured(fitted, [whole.trials], tuple(basis), 0, some, some)


def _at_most_connections(run: Run, settings: Settings, rule: Comparison) -> Measured:
    """The figure where a server ends: of the trials with the most connections that counted."""
    fixed = _fixed(settings, rule)
    trials = with_settings(run, fixed, rule.free)
    connections = trials["active_connections"] + trials["idle_connections"]
    most = int(connections[evidence_of(trials, described(fixed)).index].max())
    what = f"{count(most)} connections or more"
    top = _side(trials[connections == most], what, rule, run)
    unproven = ""
    if not (limit_reached(trials) & (connections > most)).any():
        asked = bool((connections > most).any())
        why = "Beyond that it reached no limit" if asked else "It was never asked for more"
        unproven = f"{why}, so nothing shows where it ends."
    basis = basis_of(trials[connections >= most], what, top.basis.missing, top.basis.bounded)
    found = estimate(top.by_block.to_numpy(), first_look(run, top.by_block))
    return Measured(found, [top.trials], (basis,), 0, top.rises, top.falls, unproven)


def _fixed(settings: Settings, rule: Comparison) -> dict[str, Value]:
    """The settings without those that may be any."""
    return {name: value for name, value in settings.items() if name not in rule.free}
