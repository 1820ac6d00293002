"""What differs between two servers that are asked by turns, beyond the noise.

The sample is the round: in each both met the same machine, one right after the other. Of figures
that are above nought the ratio of a round is taken, by the machinery of `make ab`
(`analysis.compare.paired`): Student's t on the logarithms, with no variance that is smaller than
those of its kind make likely. Of figures that may be nought (drops, errors, what leaks) it is the
difference. What a server holds is not asked by rounds: the ratio has the belief that those of both
rates make. A figure that is known only between ends is told where it changed whatever it is
between them (`bounds`). Rounds that a server failed are counted (`failed_rounds`).

All of them are many figures, so changes count at a false discovery rate of 5% over all, and above
2%, as in every comparison of the lab; intervals of those that are told are wider, as they were
picked (`analysis.compare.judgement`). Those of failed rounds are a family of their own.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

import numpy as np
from scipy import special

from analysis.checkup.answers.holds import RATE, held
from analysis.checkup.two_servers.bounds import of_bounds
from analysis.checkup.two_servers.change import FAILED, Change, changed, direction, unchanged
from analysis.checkup.two_servers.failed_rounds import failed_rounds, first_failures
from analysis.checkup.two_servers.rounds import End, Rounds
from analysis.compare.estimates import SMALLEST
from analysis.compare.failure_tests import LEVEL
from analysis.compare.paired import LEAST, of_blocks
from analysis.outcomes.causes import MOST_FAILED
from analysis.statistics.false_discovery import adjusted
from analysis.statistics.looks import TAIL
from analysis.wording import plural, server_name
from contract.checkup.description import HOLDS
from contract.checkup.evidence import seen_of
from contract.checkup.figures import (
    FIGURES,
    NAMES,
    QUESTIONS,
    Figure,
)
from contract.checkup.held_rate import STEP, belief_of

BESIDE_ITS_RATE: Final = ("beyond_goodput_share",)
"""Shares of what a server holds, which every round takes as known: so its interval is in theirs."""
ENDS: Final[tuple[tuple[End, End], ...]] = (("high", "low"), ("low", "high"))
"""Ends of the base and of the other that give the least ratio, and the largest one."""
VALUES: Final[tuple[End, End]] = ("value", "value")
FLOOR: Final = 0.05
"""No standard deviation of a figure that may be nought counts as smaller than this share of it,
and none of a count as less than its square root."""


def changes(base: Rounds, other: Rounds) -> list[Change]:
    """Changes of all figures that one of them has, in the order of the questions."""
    rates = list(_held(base, other))
    figures = (
        _beside(one, rates[0]) if one.figure in BESIDE_ITS_RATE and rates else one
        for one in _figures(base, other)
    )
    found = [*rates, *figures]
    p = adjusted(np.array([one.p for one in found], dtype="float64"))
    picked = [sure < LEVEL and _large(one) for one, sure in zip(found, p.tolist(), strict=True)]
    level = TAIL * max(1, sum(picked)) / max(1, int(np.isfinite(p).sum()))
    judged = [
        _judged(_wider(one, level) if sure else one, sure)
        for one, sure in zip(found, picked, strict=True)
    ]
    questions, names = [one.name for one in QUESTIONS], [*NAMES, FAILED]
    return sorted(
        [*judged, *failed_rounds(base, other)],
        key=lambda one: (questions.index(one.question), names.index(one.figure)),
    )


def _held(base: Rounds, other: Rounds) -> Iterator[Change]:
    """The rates that both hold, by what is believed of each."""
    if HOLDS not in base.whole:
        return
    mine, theirs = (one.whole[HOLDS].figures.get(RATE) for one in (base, other))
    if mine is None and theirs is None:
        return
    base_value, value = (None if one is None else one.value for one in (mine, theirs))
    start = Change(HOLDS, RATE, "per_s", base_value, value, rounds=1)
    if mine is None or theirs is None:
        yield replace(start, why=_unknown_of(base, other, unknown=mine is None))
    elif not mine.value and not theirs.value:
        yield replace(start, is_difference=True, size=0.0, low=0.0, high=0.0, p=1.0)
    else:
        size, low, high, below = _ratio_of_beliefs(base, other)
        larger = theirs.high is None or not mine.value
        smaller = mine.high is None or not theirs.value
        # Where an end is open, only the other direction can be told.
        tails = (below,) if larger else (1 - below,) if smaller else (below, 1 - below)
        p = min(1.0, 2 * min(tails))
        if (larger and smaller) or ((larger or smaller) and p >= LEVEL):
            yield replace(start, why="the load could not send more, and so find the end of it")
            return
        low, high = 0.0 if smaller else low, math.inf if larger else high
        yield replace(start, size=size, low=low, high=high, p=p)


def _ratio_of_beliefs(base: Rounds, other: Rounds) -> tuple[float, float, float, float]:
    """The median and the ends of the ratio of two rates, and how likely it is below 1."""
    weights, guesses = [], []
    for one in (base, other):
        found = held(one.asked)
        if found is None:
            raise ValueError(f"{one.asked.server}: it has a rate and no search")
        seen = tuple(seen_of(one.asked.of(HOLDS), one.asked.about.rules.limits))
        weights.append(np.array(belief_of(found.way.guess_per_s, seen)[1]))
        guesses.append(found.way.guess_per_s)
    mine, theirs = (one / one.sum() for one in weights)
    ratio = np.convolve(theirs, mine[::-1])
    middle = len(mine) - 1
    grid = (np.arange(len(ratio)) - middle) * STEP + math.log(guesses[1] / guesses[0])
    sums = np.cumsum(ratio)
    low, size, high = (float(np.interp(at, sums, grid)) for at in (TAIL, 0.5, 1 - TAIL))
    below = min(1.0, float(ratio[grid < 0].sum()))
    return math.exp(size), math.exp(low), math.exp(high), below


def _figures(base: Rounds, other: Rounds) -> Iterator[Change]:
    """Those that are asked in each round."""
    asked = [one for one in FIGURES if one.question in base.whole and one.name != RATE]
    by_kind = sorted(asked, key=_kind)
    for _, group in groupby(by_kind, key=_kind):
        some = list(group)
        found = list(_alike(base, other, some))
        bounded = [one.name for one in some if _bounded(base, other, one)]
        differences = {one.figure for one in found if one.is_difference}
        ends = [
            {one.figure: one for one in _alike(base, other, some, of, differences)}
            for of in ENDS
            if bounded
        ]
        for one in found:
            if one.figure not in bounded or math.isnan(one.p):
                yield one
                continue
            least, most = (each[one.figure] for each in ends)
            yield of_bounds(one, least, most)


def _bounded(base: Rounds, other: Rounds, one: Figure) -> bool:
    return any(side.bounded(one.question, one.name) for side in (base, other))


def _kind(figure: Figure) -> tuple[str, str]:
    return figure.question, figure.unit


def _alike(
    base: Rounds,
    other: Rounds,
    some: Sequence[Figure],
    ends: tuple[End, End] = VALUES,
    differences: Collection[str] = (),
) -> Iterator[Change]:
    """Figures of one kind, which learn their variance from each other; `ends` says which of each
    side's. Of `differences` the difference is taken, whatever they are."""
    too_few = [why for side in (base, other) if (why := side.too_few_left(some[0].question))]
    ratios: list[tuple[Change, list[float]]] = []
    for figure in some:
        sides = [
            one.values(figure.question, figure.name, end)
            for one, end in zip((base, other), ends, strict=True)
        ]
        pairs = [(a, b) for a, b in zip(*sides, strict=True) if a is not None and b is not None]
        mine, theirs = (one.middle(figure.question, figure.name) for one in (base, other))
        if mine is None and theirs is None:
            continue
        start = Change(figure.question, figure.name, figure.unit, mine, theirs, len(pairs))
        if figure.question == HOLDS:
            yield replace(start, rounds=1, word="not compared", text="of a single trial")
        elif mine is None or theirs is None:
            yield replace(start, why=_unknown_of(base, other, unknown=mine is None))
        elif len(pairs) < LEAST:
            yield replace(start, why=f"both have it in {plural(len(pairs), 'round')} alone")
        elif why := "; ".join(too_few) or _lost_beside(base, other, figure):
            yield replace(start, why=why)
        elif not all(math.isfinite(end) for pair in pairs for end in pair):
            yield replace(start, why="an end is open")
        elif figure.name in differences or min(min(pair) for pair in pairs) <= 0:
            yield _difference(start, pairs)
        else:
            ratios.append((start, [math.log(b / a) for a, b in pairs]))
    if ratios:
        yield from _ratios(ratios)


def _lost_beside(base: Rounds, other: Rounds, figure: Figure) -> str:
    """Why the figure cannot be compared: the base failed, and has no value, in more than a tenth of
    the rounds in which the other has one, so those left may be its better ones; '' otherwise."""
    theirs = other.values(figure.question, figure.name)
    lost = [
        one[figure.question].failed and figure.name not in one[figure.question].figures
        for one, value in zip(base.each, theirs, strict=True)
        if value is not None
    ]
    if sum(lost) <= MOST_FAILED * len(lost):
        return ""
    return f"{server_name(base.asked.server)} failed {sum(lost)} of {plural(len(lost), 'round')}"


def _ratios(ratios: Sequence[tuple[Change, list[float]]]) -> Iterator[Change]:
    """Student's t on the logarithms by round."""
    n = np.array([len(logs) for _, logs in ratios])
    middles = np.array([np.mean(logs) for _, logs in ratios])
    variances = np.array([np.var(logs, ddof=1) for _, logs in ratios])
    logs, half, p = of_blocks(n, middles, variances, np.zeros(len(n), dtype="int64"))
    for at, (start, _) in enumerate(ratios):
        size, reach = float(middles[at]), float(half[at])
        yield replace(
            start,
            size=math.exp(size),
            low=math.exp(size - reach),
            high=math.exp(size + reach),
            freedom=float(logs.freedom[at]),
            p=float(p[at]),
        )


def _beside(one: Change, rate: Change) -> Change:
    """A ratio of shares of what each server holds, of which the ratio is not known better."""
    known = math.isfinite(rate.p) and rate.low > 0 and math.isfinite(rate.high)
    if not known or one.is_difference or not math.isfinite(one.freedom):
        return replace(one, p=math.nan, why="what each of them holds is not known well enough")
    t = float(special.stdtrit(one.freedom, 1 - TAIL))
    halves = (math.log(each.high / each.low) / 2 for each in (one, rate))
    half, size = math.hypot(*halves), math.log(one.size)
    p = float(2 * special.stdtr(one.freedom, -abs(size) * t / half))
    return replace(one, low=math.exp(size - half), high=math.exp(size + half), p=p)


def _difference(start: Change, pairs: Sequence[tuple[float, float]]) -> Change:
    """Student's t on the differences of a figure that may be nought."""
    found = np.array(pairs)
    apart = found[:, 1] - found[:, 0]
    largest = float(found.mean(axis=0).max())
    least = max(FLOOR * largest, math.sqrt(largest) if start.unit == "count" else 0.0)
    error = max(float(apart.std(ddof=1)), least) / math.sqrt(len(apart))
    size, freedom = float(apart.mean()), float(len(apart) - 1)
    if not error:
        return replace(
            start, is_difference=True, size=0.0, low=0.0, high=0.0, freedom=freedom, p=1.0
        )
    reach = error * float(special.stdtrit(freedom, 1 - TAIL))
    p = float(2 * special.stdtr(freedom, -abs(size) / error))
    low, high = size - reach, size + reach
    return replace(start, is_difference=True, size=size, low=low, high=high, freedom=freedom, p=p)


def _unknown_of(base: Rounds, other: Rounds, *, unknown: bool) -> str:
    """`unknown` says whether it is the base of which it is not known."""
    return f"it is not known of {server_name((base if unknown else other).asked.server)}"


def _large(one: Change) -> bool:
    """Whether a change of this size counts."""
    if one.is_difference:
        return abs(one.size) > SMALLEST * abs(one.base or 0.0)
    return abs(math.log(one.size)) > math.log1p(SMALLEST) if one.size > 0 else True


def _wider(one: Change, level: float) -> Change:
    """With the interval of a figure that was picked; that of a belief stays, and an open one."""
    open_ = not one.is_difference and not (one.low > 0 and math.isfinite(one.high))
    if open_ or not math.isfinite(one.freedom):
        return one
    factor = float(special.stdtrit(one.freedom, 1 - level) / special.stdtrit(one.freedom, 1 - TAIL))
    if one.is_difference:
        low, high = (one.size + (end - one.size) * factor for end in (one.low, one.high))
        return replace(one, low=low, high=high)
    low, high = (one.size * (end / one.size) ** factor for end in (one.low, one.high))
    return replace(one, low=low, high=high)


def _judged(one: Change, sure: bool) -> Change:
    """With its word and its text."""
    if one.word == "not compared":
        return one
    if math.isnan(one.p):
        return replace(one, text=f"cannot tell: {one.why}")
    text = changed(one)
    if sure:
        return replace(one, word=direction(one), text=text)
    if (one.p < LEVEL and _large(one)) or first_failures(one):
        return replace(one, text=f"cannot tell: {plural(one.rounds, 'round')}; {text}")
    return replace(one, word="within noise", text=unchanged(one))
