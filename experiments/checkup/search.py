"""Which rate to try next for what a server holds. Pure: no clock, no chance.

Each trial is made at the median of what is believed of the rate (contract/checkup/held_rate.py),
which halves it, until the belief is narrow; the last step that kept the limits is then made once
more, at the latest by the last trial, and what comes of that counts like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from contract.checkup.held_rate import RateTried, held_rate

MOST: Final = 12
"""Trials of a search."""
NARROW: Final = 1.06
"""A belief whose ends differ by less is 3% beside its middle at most."""
DIGITS: Final = 4


def next_rate(guess_per_s: float, seen: Sequence[RateTried], most: int = MOST) -> float | None:
    """Requests a second of the next trial; None where the search has ended."""
    if len(seen) >= most:
        return None
    belief = held_rate(guess_per_s, seen)
    steps = [one.rate_per_s for one in seen if one.kept and one.rate_per_s <= belief.high]
    last = max(steps, default=None)
    if last is None:
        return rounded(belief.median)
    repeated = sum(one.kept for one in seen if one.rate_per_s == last) > 1
    if belief.width > NARROW and (repeated or len(seen) + 1 < most):
        return rounded(belief.median)
    return None if repeated else last


def rounded(rate_per_s: float) -> float:
    """As a person would say it."""
    return float(f"{rate_per_s:.{DIGITS}g}")
