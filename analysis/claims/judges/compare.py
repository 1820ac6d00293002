"""Figures of trials compared as the claim itself says: see analysis/claims/rules.py.

A rate that the load generator bounds is the generator's, and equal whatever the servers do.
Where that happened in a closed loop, the requests per second of server CPU decide in the
rate's place, and the rate is shown beside them; for a part that says `saturated`, wherever it
was not the server that was the bottleneck. What a part says otherwise is its `generator_bound`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import pandas as pd

from analysis.claims.claim_figures import Measured, expanded, measured
from analysis.claims.judge import Judge
from analysis.claims.judgement import (
    REPEATS_NEEDED,
    Judgement,
    Part,
    Word,
    against,
    most_telling,
    of_trials,
)
from analysis.claims.rules import Comparison, Comparisons
from analysis.claims.schema import Bound
from analysis.records.run import Run
from analysis.statistics.estimates import Estimate, nothing
from analysis.wording import at_least, count, listed, number, plural, with_unit
from contract.outcomes import MEASURED

RATE, WORK = "requests_per_s", "1e6 / server_cpu_us_per_request"
BOTTLENECK = (
    "The server was not the bottleneck in all of these trials, and a rate that something else "
    "bounds looks equal whatever the servers do: the requests per second of server CPU decide."
)
BOTTLENECK_TOO = (
    "The load generator was the bottleneck in some of these trials, where rates look equal "
    "whatever the servers do: the requests per second of server CPU have to be within the bound "
    "too."
)
AT_LEAST = (
    "The load generator was the bottleneck of the faster side, so the true ratio is larger still."
)
HAD_ALL = (
    "would tell otherwise if what ended in errors, or had no answer when windows closed, had been "
    "answered."
)
RESTED = tuple(one for one in MEASURED if one != "server_bound")
GENERATOR = "the load generator was the bottleneck"


@dataclass(frozen=True, slots=True)
class Found:
    """What one rule gives: its part, that of the work per CPU second where it has to decide, and
    what is to be said of them."""

    part: Part
    work: Part | None = None
    remark: str = ""


def judge(asked: Comparisons, bound: Bound, run: Run) -> Judgement:
    """Every part of the claim, and its sentence with the figures in it."""
    parts: list[Part] = []
    values: dict[str, str] = {}
    remarks: list[str] = []
    for name, rule in asked.parts.items():
        rules, levels = expanded(run, asked.settings, rule)
        found = [_found(run, asked, one, bound) for one in rules]
        parts += [part for one in found for part in (one.part, one.work) if part is not None]
        values[name] = _written([one.part for one in found], rule)
        if work := [one.work for one in found if one.work is not None]:
            values[name] += f" ({_written(work, rule)} per CPU second)"
        remarks += [one.remark for one in found if one.remark]
        if rule.each is not None:
            values[rule.each.setting] = listed([count(level) for level in levels])
    told = [asked.sentence.format_map(values), *dict.fromkeys(remarks)]
    outside = [part.label for part in parts if part.decides and part.verdict is Word.REFUTED]
    if outside and any(rule.each for rule in asked.parts.values()):
        told.append(f"Outside the bound: {listed(outside)}.")
    return Judgement(tuple(parts), " ".join(told), most_telling(parts), values)


def _found(run: Run, asked: Comparisons, rule: Comparison, bound: Bound) -> Found:
    seen = measured(run, asked.settings, rule)
    part = _part(rule, seen, bound)
    if rule.decides and seen.unproven and part.verdict is Word.REPRODUCED:
        return Found(replace(part, word=Word.INCONCLUSIVE, why=seen.unproven))
    if not rule.decides or rule.figure != RATE or len(rule.selections) < 2:
        return Found(part)
    if rule.generator_bound == "at_least":
        if not _generator_bound(seen.frames[:1]):
            return Found(part)
        return Found(replace(part, rises=True, because=GENERATOR), remark=AT_LEAST)
    if not _hides(seen.frames, rule):
        return Found(part)
    work = rule.model_copy(update={"figure": WORK, "label": f"{rule.label}, per CPU second"})
    of_work = _part(work, measured(run, asked.settings, work), bound)
    if rule.generator_bound == "cpu_decides_too":
        return Found(part, of_work, BOTTLENECK_TOO)
    return Found(replace(part, decides=False), of_work, BOTTLENECK)


def _part(rule: Comparison, seen: Measured, bound: Bound) -> Part:
    low, high = rule.min, rule.max
    if rule.decides and low is None and high is None:
        low, high = bound.min, bound.max
    found, why = seen.estimate, ""
    word: Word | None = None
    if rule.in_each:
        word, why = _in_each(rule.label, seen.each, low, high, found.n)
    elif seen.had_all_been_answered is not None:
        as_seen = against(found, low, high)
        if as_seen is not against(seen.had_all_been_answered, low, high):
            word, why = Word.INCONCLUSIVE, f"{rule.label[:1].upper()}{rule.label[1:]} {HAD_ALL}"
    return Part(
        rule.label,
        _of_each(seen.each) if rule.in_each else found,
        rule.unit,
        low,
        high,
        word,
        decides=rule.decides,
        basis=seen.basis,
        about_failure=rule.at_most_connections,
        lost=seen.lost,
        why=why,
        rises=seen.rises,
        falls=seen.falls,
    )


def _of_each(values: Sequence[float]) -> Estimate:
    """The mean of trials, between the least and the most."""
    if not values:
        return nothing()
    return Estimate(fmean(values), min(values), max(values), len(values), "range")


def _in_each(
    label: str, values: Sequence[float], low: float | None, high: float | None, blocks: int
) -> tuple[Word, str]:
    """Whether each of these trials is within the bound, and what leaves it open."""
    held = sum((low is None or one >= low) and (high is None or one <= high) for one in values)
    enough = blocks >= REPEATS_NEEDED
    word = of_trials(label, held, len(values), (), enough=enough).verdict
    if word is not Word.INCONCLUSIVE or not enough:
        return word, ""
    return word, f"{label}: {held:,} of {plural(len(values), 'trial')} within the bound, not each."


def _written(parts: Sequence[Part], rule: Comparison) -> str:
    """The figure, or from the smallest to the largest of several."""
    values = [part.estimate.value for part in parts]
    smallest, largest = (with_unit(one, rule.unit) for one in (min(values), max(values)))
    text = largest if smallest == largest else f"{number(min(values))} to {largest}"
    return at_least(text) if any(part.rises and not part.falls for part in parts) else text


def _hides(frames: Sequence[pd.DataFrame], rule: Comparison) -> bool:
    """Whether something else than the servers bounded rates of a closed loop."""
    closed = all(frame["rate_per_s"].isna().all() for frame in frames)
    if rule.saturated and any(frame["validity"].isin(RESTED).any() for frame in frames):
        return closed
    return closed and _generator_bound(frames)


def _generator_bound(frames: Sequence[pd.DataFrame]) -> bool:
    """Whether the load generator was the bottleneck in any of these trials."""
    return any((frame["validity"] == "generator_bound").any() for frame in frames)


JUDGE = Judge("compare", Comparisons, judge)
