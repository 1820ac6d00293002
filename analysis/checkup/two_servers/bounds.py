"""Changes of figures of which only an interval is known: a lower bound, an upper one, or both.

A time is at least so long where requests had no answer, a share at most so large where a kind of
bad clients was not seen, a number of lost requests between two. The change is computed twice, with
the ends that make it smallest and with those that make it largest; it is told where the smallest
one is significant.
"""

from __future__ import annotations

import math
from dataclasses import replace

from analysis.checkup.two_servers.change import Change
from analysis.compare.failure_tests import LEVEL


def of_bounds(one: Change, least: Change, most: Change) -> Change:
    """The change with its ends: `least` is that from the upper end of the base to the lower of the
    other, `most` the reverse. One of them has no p where an end is open."""
    if least.p < LEVEL and _above(least):
        return _one_way(one, least, high=most)
    if most.p < LEVEL and not _above(most):
        return _one_way(one, most, low=least)
    return replace(one, p=math.nan, freedom=math.nan, why=_why(one))


def _above(one: Change) -> bool:
    return one.size > (0 if one.is_difference else 1)


def _one_way(
    one: Change, sure: Change, *, low: Change | None = None, high: Change | None = None
) -> Change:
    """The `sure` one, with the other's end; open where that is not known, or of another kind."""
    same = one.is_difference == sure.is_difference
    found = replace(sure, base=one.base, value=one.value, size=one.size if same else sure.size)
    if low is not None:
        known = math.isfinite(low.p) and low.is_difference == sure.is_difference
        return replace(found, low=low.low if known else -math.inf if sure.is_difference else 0.0)
    if high is None:
        return found
    known = math.isfinite(high.p) and high.is_difference == sure.is_difference
    return replace(found, high=high.high if known else math.inf)


def _why(one: Change) -> str:
    if one.unit == "us":
        return "requests without an answer may have taken any longer"
    return "it is not known exactly, and may be either"
