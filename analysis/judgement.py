"""How a figure and a bound become a word.

A judge returns parts: each one figure against one bound. Parts that decide are
joined by the strictest rule: one refuted part refutes the claim, one inconclusive
part leaves it inconclusive, and only when all hold is it reproduced.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics import Estimate, repeats_needed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REPEATS_NEEDED = 5


class Word(StrEnum):
    """A verdict."""

    REPRODUCED = "reproduced"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not run"


class NotRunError(Exception):
    """The run holds no trial that the claim needs; the message says which."""


class NoValidTrialError(Exception):
    """The trials that the claim needs are all void; the message counts the reasons."""


@dataclass(frozen=True, slots=True)
class Part:
    """One measured figure against its bound.

    `word` is given where the judgement is of facts (a limit was named) and not
    of an interval. Parts with `decides` False are shown beside, for the reader.
    """

    label: str
    estimate: Estimate
    unit: str = ""
    low: float | None = None
    high: float | None = None
    word: Word | None = None
    decides: bool = True

    @property
    def verdict(self) -> Word:
        """The word for this part alone."""
        if self.word is not None:
            return self.word
        return against(self.estimate, self.low, self.high)

    @property
    def more_repeats(self) -> int | None:
        """How many repeats would probably settle it, from the spread seen so far."""
        value = self.estimate.value
        distances = [
            abs(float(np.log(value / edge)))
            for edge in (self.low, self.high)
            if edge and edge > 0 and value > 0
        ]
        return repeats_needed(self.estimate, min(distances)) if distances else None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge found: its parts and a sentence that holds for these data.
    `headline` is the part whose figure stands in the table; `values` are figures by name,
    written out, for what else the claim may say of them."""

    parts: tuple[Part, ...]
    sentence: str
    headline: Part
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> Word:
        """The parts that decide, joined."""
        return joined(part.verdict for part in self.parts if part.decides)


def against(found: Estimate, low: float | None, high: float | None) -> Word:
    """Reproduced if the whole interval is within [low, high], refuted if all of
    it is outside, inconclusive if it crosses an edge or the repeats are too few."""
    if found.n < REPEATS_NEEDED or not found.bounded:
        return Word.INCONCLUSIVE
    if (low is not None and found.high < low) or (high is not None and found.low > high):
        return Word.REFUTED
    inside = (low is None or found.low >= low) and (high is None or found.high <= high)
    return Word.REPRODUCED if inside else Word.INCONCLUSIVE


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
    deciding = [part for part in parts if part.decides]
    verdict = joined(part.verdict for part in deciding)
    told = [part for part in deciding if part.verdict is verdict]
    alike = [part for part in told if part.unit == deciding[0].unit]
    return max(alike or told, key=_excess)


def _excess(part: Part) -> float:
    """How far the figure is beyond its bound, as a factor; below 1 is inside."""
    value = part.estimate.value
    factors = [0.0]
    if part.low and value > 0:
        factors.append(part.low / value)
    if part.high and value > 0:
        factors.append(value / part.high)
    return max(factors)
