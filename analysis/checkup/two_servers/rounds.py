"""The answers of two servers that are asked by turns, from all rounds and from each of them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from analysis.checkup.answer import Answer, Row, ServerRows, Value, by_server
from analysis.checkup.answers.clients import KINDS
from analysis.checkup.answers.holds import held, lost_where_they_stay
from analysis.checkup.questions import ANSWERS, ask
from analysis.outcomes.causes import MOST_SILENT
from analysis.wording import plural, server_name
from contract.checkup.description import CLIENTS, CLOSED, HABITS, HOLDS
from contract.checkup.figures import MORE_IS_BETTER, NEITHER, OF_FAILURES
from contract.checkup.way import way_of
from contract.outcomes import VOID

End = Literal["value", "low", "high"]
SWEEPS: Final = {CLIENTS: KINDS}
"""Sweeps of a question whose trials are not in that of its own name."""

ONCE: Final = (HOLDS, HABITS)
"""Questions that are not asked anew in each round."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """A server's answers by question: `whole`, whose figures are means over the rounds, of what
    failed, or where it failed one, those of the worst, and whose words are those of the first round
    that has any; and `each` round's."""

    asked: ServerRows
    whole: Mapping[str, Answer]
    each: Sequence[Mapping[str, Answer]]

    def values(self, question: str, figure: str, end: End = "value") -> list[float | None]:
        """Values of a figure by round; None where the round has none. An open end is infinite."""
        found = (one[question].figures.get(figure) for one in self.each)
        return [None if one is None else _end(one, end) for one in found]

    def middle(self, question: str, figure: str) -> float | None:
        """The mean over the rounds that have it."""
        known = [one for one in self.values(question, figure) if one is not None]
        return mean(known) if known else None

    def bounded(self, question: str, figure: str) -> bool:
        """Whether it is known only between ends in one of the rounds."""
        found = (one[question].figures.get(figure) for one in self.each)
        return any(one.ends[0] < one.ends[1] for one in found if one is not None)

    def failures(self, question: str) -> list[bool | None]:
        """Whether the server failed it, by round; None where it did not in what was seen, and
        there was nothing, or something else spoiled one of the round's trials."""
        if question in ONCE:
            answer = self.whole[question]
            return [None if _silent(answer) else answer.failed]
        found: list[bool | None] = []
        for number, one in enumerate(self.each, start=1):
            rows = _rows(self.asked.in_round(number), question)
            spoiled = any(row["validity"] == VOID and not by_server(row) for row in rows)
            answer = one[question]
            unknown = _silent(answer) or spoiled
            found.append(True if answer.failed else None if unknown else False)
        return found

    def failures_where_they_stay(self) -> list[bool | None]:
        """The same of the trials over connections that stay, which say how it is loaded."""
        found: list[bool | None] = []
        for number in range(1, len(self.each) + 1):
            rows = self.asked.in_round(number).of(CLOSED)
            known = bool(rows) and all(row["validity"] != VOID or by_server(row) for row in rows)
            found.append(True if lost_where_they_stay(rows) else False if known else None)
        return found

    def too_few_left(self, question: str) -> str:
        """Why the rounds that are left cannot stand for all: '3 of 5 rounds of poll say nothing';
        '' where they can."""
        some = [one[question] for one in (self.each if question not in ONCE else ())]
        silent = sum(map(_silent, some))
        if not mostly(silent, len(some)):
            return ""
        name = server_name(self.asked.server)
        return f"{silent} of {plural(len(some), 'round')} of {name} say nothing"


def mostly(silent: int, rounds: int) -> bool:
    """Whether so many rounds that say nothing are too many for the others to stand for all."""
    return silent > MOST_SILENT * rounds


def both(asked: Sequence[ServerRows]) -> list[Rounds]:
    """Rounds of both servers of a comparison, at the rate that the lesser one holds."""
    loaded = [replace(one, way=way_of(one.rows)) for one in asked]
    rates = [found.belief.median for one in loaded if (found := held(one))]
    return [_rounds(replace(one, common_per_s=min(rates, default=None))) for one in loaded]


def mean(values: Sequence[float]) -> float:
    """The geometric one where there is one, as ratios have it."""
    return _mean(values, geometric=min(values) > 0)


def _mean(values: Sequence[float], *, geometric: bool) -> float:
    if len(set(values)) == 1:
        return values[0]
    if geometric:
        return float(np.exp(np.log(values).mean())) if min(values) > 0 else 0.0
    return float(np.mean(values))


def _rounds(asked: ServerRows) -> Rounds:
    alone = [asked.in_round(one) for one in range(1, asked.about.rounds + 1)]
    each = [ask(one) for one in alone]
    judged = {one.when.column for one in asked.about.rules.marks}
    whole = {}
    for name in each[0]:
        lost = [any(row["spoiled_by"] == "lab" for row in _rows(one, name)) for one in alone]
        whole[name] = whole_of([one[name] for one in each], lost, judged)
    once = {name: ANSWERS[name](asked) for name in whole if name in ONCE}
    return Rounds(asked, {**whole, **once}, each)


def _rows(asked: ServerRows, question: str) -> list[Row]:
    """The trials that the answer to it is made from."""
    return [row for sweep in SWEEPS.get(question, (question,)) for row in asked.of(sweep)]


def _silent(answer: Answer) -> bool:
    """Whether it says nothing of the server."""
    return not answer.figures and not answer.failed


def whole_of(answers: Sequence[Answer], lost: Sequence[bool], judged: Collection[str]) -> Answer:
    """One answer to a question, over the rounds. `lost` says in which a trial was lost to the lab,
    `judged` which figures rules are about."""
    first = next((one for one in answers if one.figures), answers[0])
    names = dict.fromkeys(name for one in answers for name in one.figures)
    silent = mostly(sum(map(_silent, answers)), len(answers))
    figures, survived, open_ = dict[str, Value](), set[str](), set[str]()
    for name in names:
        absent = [
            (one, gone) for one, gone in zip(answers, lost, strict=True) if name not in one.figures
        ]
        known = [one.figures[name] for one in answers if name in one.figures]
        fails = any(one.failed and name in one.figures for one in answers)
        worst = name in OF_FAILURES or (fails and name not in NEITHER)
        better = name in MORE_IS_BETTER
        figures[name] = _worst_of(known, better=better) if worst else _mean_of(known)
        if any(one.failed for one, _ in absent):
            survived.add(name)
        if silent or any(not one.failed and (one.figures or gone) for one, gone in absent):
            figures[name] = figures[name].or_worse(better=better)
            open_.add(name)
    without = [one.without for one in answers if one.figures]
    return replace(
        first,
        words=" ".join((first.words, *_rounds_without(answers, first))),
        figures=figures,
        failed=any(one.failed for one in answers),
        met_limit=all(one.met_limit for one in answers if one.failed),
        unread=silent or bool(open_ & set(judged)) or any(one.unread for one in answers),
        without=frozenset.intersection(*without) if without else frozenset(),
        survived=frozenset(survived),
    )


def _rounds_without(answers: Sequence[Answer], first: Answer) -> list[str]:
    """Sentences on the rounds that failed, and on those that say nothing; `first` was told."""
    told = []
    groups = (
        ("It fails in", [one for one in answers if one.failed], first.failed),
        ("Nothing is known of", [one for one in answers if _silent(one)], _silent(first)),
    )
    for verb, some, known in groups:
        if some:
            words = "." if known else f": {some[0].words.removeprefix('Not known: ')}"
            told.append(f"{verb} {len(some)} of {plural(len(answers), 'round')}{words}")
    return told


def _end(value: Value, end: End) -> float:
    return value.value if end == "value" else value.ends[0 if end == "low" else 1]


def _worst_of(values: Sequence[Value], *, better: bool) -> Value:
    """With the worst of the ends, which is open where any of them is; `better`: more of it is."""
    worst = min if better else max
    value = worst(one.value for one in values)
    if not any(one.bounded for one in values):
        return Value(value)
    ends = (worst(some) for some in zip(*(one.ends for one in values), strict=True))
    low, high = (end if math.isfinite(end) else None for end in ends)
    return Value(value, low, high, bounded=True)


def _mean_of(values: Sequence[Value]) -> Value:
    """With the means of the ends; without one that is open in any of them."""
    middles = [one.value for one in values]
    geometric = min(middles) > 0
    value = _mean(middles, geometric=geometric)
    if not any(one.bounded for one in values):
        return Value(value)
    ends = zip(*(one.ends for one in values), strict=True)
    low, high = (
        _mean(some, geometric=geometric) if all(map(math.isfinite, some)) else None for some in ends
    )
    return Value(value, low, high, bounded=True)
