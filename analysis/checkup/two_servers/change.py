"""A figure of two servers that are asked by turns, and the words for what changed of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from analysis.checkup.figures import written
from analysis.compare.estimates import SMALLEST
from analysis.compare.wording import extent
from analysis.wording import share
from contract.checkup.figures import MORE_IS_BETTER, NEITHER, Unit

Word = Literal["better", "worse", "differs", "within noise", "cannot tell", "not compared"]
FAILED: Final = "failed_share"
"""Share of the rounds in which the server did not do what was asked."""


@dataclass(frozen=True, slots=True)
class Change:
    """A figure of both servers: the means over the `rounds` in which both have it, and the ratio
    with its interval, or with `is_difference` the difference. `p` is of this figure by itself; what
    has none cannot be told, for the reason `why`."""

    question: str
    figure: str
    unit: Unit
    base: float | None
    value: float | None
    rounds: int
    is_difference: bool = False
    size: float = math.nan
    low: float = math.nan
    high: float = math.nan
    freedom: float = math.nan
    p: float = math.nan
    why: str = ""
    word: Word = "cannot tell"
    text: str = ""

    @property
    def worsening(self) -> float:
        """By which share it is worse; infinite where it was nought, and of what fails."""
        if self.figure in NEITHER or self.base is None or self.value is None:
            return 0.0
        rise = self.value - self.base if not self.is_difference else self.size
        if self.figure in MORE_IS_BETTER:
            rise = -rise
        if not rise or (self.base and self.figure != FAILED):
            return rise / abs(self.base or 1.0)
        return math.copysign(math.inf, rise)


def direction(one: Change) -> Word:
    """Whether what changed is better."""
    if one.figure in NEITHER:
        return "differs"
    more = one.size > (0 if one.is_difference else 1)
    return "better" if more == (one.figure in MORE_IS_BETTER) else "worse"


def changed(one: Change) -> str:
    """By how much: 'higher by 12% to 18%'."""
    if not one.is_difference:
        word = "higher" if one.size > 1 else "lower"
        return f"{word} by {_between(*extent(one.size, one.low, one.high).partition(' to '))}"
    word, sign = ("higher", 1) if one.size > 0 else ("lower", -1)
    ends = sorted((sign * one.low, sign * one.high))
    low, high = max(0.0, ends[0]), ends[1]
    if not math.isfinite(high):
        return f"{word} by {written(one.unit, low)} or more"
    return f"{word} by {_between(written(one.unit, low), ' to ', written(one.unit, high))}"


def _between(low: str, to: str, high: str) -> str:
    """Ends that are written alike are one."""
    return low if low == high else f"{low}{to}{high}"


def unchanged(one: Change) -> str:
    """Which change could not be seen: 'within noise (±6%)'."""
    if one.base == one.value:
        return "the same"
    if one.is_difference:
        reach = (one.high - one.low) / 2
        return f"within noise (±{written(one.unit, reach)})"
    if one.low <= 0 or not math.isfinite(one.high):
        return "within noise, of which one end is not known"
    reach = math.sqrt(one.high / one.low) - 1
    return f"within noise (±{share(max(reach, SMALLEST))})"
