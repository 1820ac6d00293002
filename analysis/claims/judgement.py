"""How a figure and a bound become a word.

A judge returns parts: each one figure against one bound. Parts that decide are
joined by the strictest rule: one refuted part refutes the claim, one inconclusive
part leaves it inconclusive, and only when all hold is it reproduced.

All parts have to hold, so each may be judged at its own level (an intersection-union test). But
the worst of k parts refutes the claim, picked by its figure, so its interval has to lie outside
even when it is widened to hold for all k (`analysis.statistics.extremes`).

A figure is of the trials that are left, and of the answers that came. Where more than MOST_FAILED
of any selection failed or has no figure, they are survivors, and tell neither for the claim nor
against it, unless the claim is about that failure; nor do those that are left of a selection most
of which says nothing. A trial that starved its clients is left, with its figures. Where more than
that of them are times that could be longer, or rates of those alone who were served, a figure is
known on one side alone, and decides only what it decides wherever it lies on the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from analysis.outcomes.basis import Basis
from analysis.outcomes.causes import MOST_FAILED, Causes, too_few_left
from analysis.statistics.estimates import Estimate, repeats_needed
from analysis.statistics.extremes import widened
from analysis.wording import plural, share

REPEATS_NEEDED = 5


class Word(StrEnum):
    """A verdict."""

    REPRODUCED = "reproduced"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not run"


class NoValidTrialError(Exception):
    """None of the trials that the claim needs has figures; the message counts the reasons, and
    `causes` what became of them."""

    def __init__(self, message: str, causes: Causes) -> None:
        super().__init__(message)
        self.causes = causes


@dataclass(frozen=True, slots=True)
class Part:
    """One measured figure against its bound.

    `word` is given where the judgement is of facts (a limit was named) and not
    of an interval, and `why` says what leaves it open. Parts with `decides` False are shown
    beside, for the reader. `basis` are the trials that it stands on by selection, `about_failure`
    whether those that the server failed are what it is about; `lost` blocks had only a part of
    it. It may really be larger (`rises`) or smaller (`falls`), `because` of what was seen. `rivals`
    are the parts that decide by an interval, of which the worst may refute the claim, and
    `by_chance` says that it would by itself and not as the worst of so many.
    """

    label: str
    estimate: Estimate
    unit: str = ""
    low: float | None = None
    high: float | None = None
    word: Word | None = None
    decides: bool = True
    basis: tuple[Basis, ...] = ()
    about_failure: bool = False
    lost: int = 0
    why: str = ""
    rises: bool = False
    falls: bool = False
    because: str = "clients were without an answer when windows closed, or met errors"
    rivals: int = 1
    by_chance: bool = False

    @property
    def failed_share(self) -> float:
        """The largest share of its trials that a server failed, of any selection."""
        return max((one.causes.failed_share for one in self.basis), default=0.0)

    @property
    def lost_share(self) -> float:
        """The largest share of any selection that is not in the figure: whole trials, and errors of
        others. What failed is, where the part is about it."""
        return max(
            (one.absent_share if self.about_failure else one.lost_share for one in self.basis),
            default=0.0,
        )

    @property
    def one_sided(self) -> bool:
        """Whether its word would not hold wherever the figure could be."""
        below = self.low is not None and self.estimate.high < self.low
        if self.verdict is Word.REFUTED:
            return self.rises if below else self.falls
        return (self.rises and self.high is not None) or (self.falls and self.low is not None)

    @property
    def verdict(self) -> Word:
        """The word for this part alone."""
        if self.word is not None:
            return self.word
        return against(self.estimate, self.low, self.high)

    @property
    def outside(self) -> bool:
        """Whether the figure itself, whatever its interval, lies outside the bound."""
        value = self.estimate.value
        below = self.low is not None and value < self.low
        return below or (self.high is not None and value > self.high)

    @property
    def more_repeats(self) -> int | None:
        """How many repeats in all would probably settle it, from the spread seen so far."""
        value = self.estimate.value
        distances = [
            abs(float(np.log(value / edge)))
            for edge in (self.low, self.high)
            if edge and edge > 0 and value > 0
        ]
        if not distances:
            return None
        return repeats_needed(self.estimate, min(distances), self.rivals if self.outside else 1)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge found: its parts and a sentence that holds for these data.
    `headline` is the part whose figure stands in the table; `values` are figures by name,
    written out, for what else the claim may say of them. The parts are as `settled` has them."""

    parts: tuple[Part, ...]
    sentence: str
    headline: Part
    values: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", settled(self.parts))

    @property
    def verdict(self) -> Word:
        """The parts that decide, joined."""
        return joined(part.verdict for part in self.parts if part.decides)


def of_trials(
    label: str,
    held: int,
    trials: int,
    basis: tuple[Basis, ...],
    *,
    enough: bool,
    possible: int | None = None,
) -> Part:
    """A part that is a fact of single trials, given how many it `held` in: reproduced if in all,
    refuted if in fewer than half, or in fewer than half if all `possible` ones are added. Open
    without `enough` repeats."""
    most = held if possible is None else possible
    word = Word.INCONCLUSIVE
    if enough:
        word = Word.REPRODUCED if held == trials else Word.REFUTED if most * 2 < trials else word
    found = Estimate(held, held, most, trials, "count")
    return Part(label, found, f"of {trials} trials", word=word, basis=basis)


def against(found: Estimate, low: float | None, high: float | None) -> Word:
    """Reproduced if the whole interval is within [low, high], refuted if all of
    it is outside, inconclusive if it crosses an edge or the repeats are too few."""
    if found.n < REPEATS_NEEDED or not found.bounded:
        return Word.INCONCLUSIVE
    if (low is not None and found.high < low) or (high is not None and found.low > high):
        return Word.REFUTED
    inside = (low is None or found.low >= low) and (high is None or found.high <= high)
    return Word.REPRODUCED if inside else Word.INCONCLUSIVE


def settled(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The same; open where the server failed too often, or where a part is refuted by itself and
    not as the worst of all that decide."""
    rivals = sum(part.decides and part.word is None for part in parts)
    return tuple(_settled(replace(part, rivals=rivals)) for part in parts)


def _settled(part: Part) -> Part:
    if part.verdict is Word.INCONCLUSIVE:
        return part
    few = (too_few_left(one.causes) for one in part.basis)
    if why := next(filter(None, few), ""):
        told = f"Of {part.label} {why}: the others cannot stand for all."
        return replace(part, word=Word.INCONCLUSIVE, why=told)
    if part.failed_share > MOST_FAILED and not part.about_failure:
        why = (
            f"The server failed in {share(part.failed_share)} of the trials of {part.label}; a "
            f"figure of those that are left decides nothing beyond {share(MOST_FAILED)}."
        )
        return replace(part, word=Word.INCONCLUSIVE, why=why)
    if part.lost_share > MOST_FAILED and any(one.absent_share for one in part.basis):
        why = (
            f"Of the trials of {part.label} {share(part.lost_share)} have no figure, what failed "
            f"counted in; one of the others decides nothing beyond {share(MOST_FAILED)}."
        )
        return replace(part, word=Word.INCONCLUSIVE, why=why)
    if part.lost_share > MOST_FAILED:
        whole = ", failed trials counted as wholes" if part.failed_share else ""
        why = (
            f"Of the attempts of {part.label} {share(part.lost_share)} ended in errors{whole}; a "
            f"figure of the others decides nothing beyond {share(MOST_FAILED)}."
        )
        return replace(part, word=Word.INCONCLUSIVE, why=why)
    if part.word is None and part.one_sided:
        known = "at least" if part.rises else "at most"
        told = f"only known to be {known} so much" if part.rises != part.falls else "not known"
        why = f"As {part.because}, {part.label} is {told}."
        return replace(part, word=Word.INCONCLUSIVE, why=why)
    if not (part.decides and part.word is None and part.verdict is Word.REFUTED):
        return part
    if against(widened(part.estimate, part.rivals), part.low, part.high) is Word.REFUTED:
        return part
    why = (
        f"By itself {part.label} lies outside its bound, but it is one of "
        f"{plural(part.rivals, 'part')}, and some part of so many does by chance."
    )
    return replace(part, word=Word.INCONCLUSIVE, why=why, by_chance=True)


def joined(words: Iterable[Word]) -> Word:
    """One word for several parts that all have to hold."""
    found = list(words)
    for word in (Word.REFUTED, Word.INCONCLUSIVE, Word.REPRODUCED):
        if word in found:
            return word
    return Word.INCONCLUSIVE


def most_telling(parts: Iterable[Part]) -> Part:
    """The part to put in the table, of those that gave the verdict: one in the
    unit of the first part if there is any, and the one that keeps least distance
    from its bound, or lies furthest outside."""
    deciding = [part for part in settled(list(parts)) if part.decides]
    verdict = joined(part.verdict for part in deciding)
    told = [part for part in deciding if part.verdict is verdict]
    alike = [part for part in told if part.unit == deciding[0].unit]
    return max(alike or told, key=_excess)


def _excess(part: Part) -> float:
    """How far the figure is beyond its bound, as a factor; below 1 is inside."""
    value = part.estimate.value
    below = 0.0 if part.low is None else _times(part.low, value)
    above = 0.0 if part.high is None else _times(value, part.high)
    return max(below, above)


def _times(larger: float, smaller: float) -> float:
    """Their ratio; what is more than nought, or than less, is so infinitely many times."""
    if larger > 0 and smaller > 0:
        return larger / smaller
    return math.inf if larger > smaller else 0.0
