"""A figure of a comparison in words; never a bare p-value."""

from __future__ import annotations

import numpy as np

from analysis.compare.compared_figure import ComparedFigure
from analysis.compare.metrics import ALL_METRICS, CANNOT_TELL, CHANGED, FAILURES, RESENT, UNHELD
from analysis.compare.sides import RUNS, Sides
from analysis.outcomes.goodput import ERRORS, FAILED
from analysis.outcomes.lower_bounds import of_bounds
from analysis.wording import (
    at_least,
    column_writer,
    listed,
    number,
    plural,
    share,
    with_ends,
)

FACTOR_FROM = 2.0
MOST_REPEATS = 500


def in_words(figure: ComparedFigure, sides: Sides = RUNS) -> str:
    """'faster by 12% to 18%', 'within noise (±6%)', 'cannot tell: 3 repeats, needs about 9';
    'worse: it fails in 7 of 10 trials, in none of 10 before'. `sides` name the two.

    Ratios to the reference say so, and figures of a server that failed say which trials are left.
    """
    if figure.metric in FAILURES:
        return _failures(figure, sides)
    left = ""
    if figure.failed:
        others = figure.counted - figure.failed
        left = f", of the {others:,} of {figure.counted:,} trials that it did not fail"
    return f"{_measured(figure, sides)}{left}"


def _measured(figure: ComparedFigure, sides: Sides) -> str:
    if figure.low_base or figure.low_here:
        return _lower_bounds(figure, sides)
    beside = " beside the reference" if figure.beside else ""
    if figure.word == CHANGED:
        return f"{changed(figure)}{beside}"
    if figure.word == CANNOT_TELL:
        return f"cannot tell: {figure.why or _needed(figure)}"
    return f"within noise (±{share(figure.noise)}){beside}"


def _lower_bounds(figure: ComparedFigure, sides: Sides) -> str:
    """The words for a time that is a lower bound on either side."""
    runs = [
        f"in {plural(trials, 'trial')} of {run}"
        for trials, run in ((figure.low_base, sides.first), (figure.low_here, sides.second))
        if trials
    ]
    why = f"a lower bound {listed(runs)}, as requests had no answer when the window closed"
    if figure.word == CHANGED:
        return f"{changed(figure)}: {why}"
    return f"cannot tell: {figure.why or why}"


def _failures(figure: ComparedFigure, sides: Sides) -> str:
    """What failed, now and before; a failure is never called noise."""
    earlier = sides.before
    now = _amount(figure, figure.value, figure.n)
    before = _amount(figure, figure.base_value, figure.n_base)
    if figure.metric == FAILED:
        text = f"it fails in {now} trials, in {before} {earlier}"
    elif figure.metric == UNHELD:
        text = f"at its limit it did not hold {now} of what was asked for, {before} {earlier}"
    elif figure.metric == ERRORS:
        text = f"on average {now} of a trial's attempts ended in errors, {before} {earlier}"
    elif figure.metric == RESENT:
        text = f"on average {now} of a trial's requests had to be sent again, {before} {earlier}"
    else:
        text = f"on average {now} of a trial's requests got no answer, {before} {earlier}"
    if figure.why:
        return f"cannot tell: {figure.why} ({text})"
    if figure.word == CHANGED:
        return f"{'worse' if figure.value > figure.base_value else 'better'}: {text}"
    return f"cannot tell: {text}" if figure.word == CANNOT_TELL else text


def _amount(figure: ComparedFigure, value: float, trials: int) -> str:
    """'7 of 10' or 'none of 10' failed trials; other shares in percent, or 'none'."""
    if figure.metric != FAILED:
        return share(value) if value else "none"
    return f"{round(value * trials):,} of {trials:,}" if value > 0 else f"none of {trials:,}"


def changed(figure: ComparedFigure) -> str:
    """How far a figure moved that has changed: 'faster by 12% to 18%'."""
    if figure.metric in FAILURES:
        return _failures(figure, RUNS)
    word = ALL_METRICS[figure.metric].word(figure.ratio)
    return f"{word} by {extent(figure.ratio, figure.low, figure.high)}"


def side_by_side(figure: ComparedFigure) -> tuple[str, str]:
    """The two figures in their unit, ≥ before a lower bound."""
    write = column_writer(figure.metric)
    before, now = write(figure.base_value), write(figure.value)
    return (
        at_least(before) if figure.low_base else before,
        at_least(now) if figure.low_here else now,
    )


def times(figure: ComparedFigure) -> str:
    """The ratio with its interval: '1.15 (1.12 to 1.18)'; '≥ 1.15' of lower bounds."""
    text = number(figure.ratio)
    if not (figure.low_base or figure.low_here):
        return with_ends(text, figure.low, figure.high)
    return of_bounds(text, in_first=figure.low_base > 0, in_second=figure.low_here > 0)


def extent(ratio: float, low: float, high: float) -> str:
    """How far the interval of a ratio lies from 1: in percent, or as a factor beyond twofold; its
    nearer end, where it has no other."""
    if not (low > 0 and np.isfinite(high)):
        nearest = low if ratio > 1 else high
        factor = max(nearest, 1 / nearest)
        far = f"a factor of {number(factor)}" if factor >= FACTOR_FROM else share(abs(nearest - 1))
        return f"{far} or more"
    if ratio >= FACTOR_FROM:
        return f"a factor of {number(low)} to {number(high)}"
    if ratio <= 1 / FACTOR_FROM:
        return f"a factor of {number(1 / high)} to {number(1 / low)}"
    ends = sorted((abs(low - 1), abs(high - 1)))
    return f"{share(ends[0])} to {share(ends[1])}"


def _needed(figure: ComparedFigure) -> str:
    """'3 repeats, needs about 9'."""
    repeats = min(figure.n_base, figure.n)
    text = plural(repeats, "repeat")
    if not np.isfinite(figure.repeats):
        return text
    if figure.repeats > MOST_REPEATS:
        return f"{text}, needs more than {MOST_REPEATS}"
    return f"{text}, needs about {max(int(figure.repeats), repeats + 1)}"
