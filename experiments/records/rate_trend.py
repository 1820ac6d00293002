"""Whether the rate of a window changed while it was open, and by how much.

The mean of the first quarter of its parts is compared with that of the last. Noise is what parts
differ by from one to the next: half of the mean square successive difference is the variance of
values around any slow change (von Neumann, Kent, Bellinson and Hart, *The mean square successive
difference*, Annals of Mathematical Statistics 12, 1941). Simulations of what this calls a change
where there is none, and where there is one: tests/experiments/records/test_rate_trend.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from contract.columns import MOST_TREND

LEAST = 0.25
"""Least change that is told. Equal trials differ by 5 to 13% on a shared machine, and the rate may
wander within a window as well: where it does by 7%, this is met in less than one window of a
hundred."""
BETWEEN = 0.75
"""Share of the window from the middle of its first quarter to that of its last."""
ERRORS = 4.0
"""Standard errors of the difference that a change is more than."""


def rate_trend(rates: Sequence[float]) -> float | None:
    """The change as a share of the first quarter's rate; 0 where it may be noise. None without
    parts, or where nothing was answered in any."""
    quarter = len(rates) // 4
    if not quarter or not any(rates):
        return None
    first, last = sum(rates[:quarter]) / quarter, sum(rates[-quarter:]) / quarter
    steps = sum((after - before) ** 2 for before, after in pairwise(rates)) / (len(rates) - 1)
    error = math.sqrt(steps / 2 * 2 / quarter)
    if abs(last - first) <= max(LEAST * first, ERRORS * error):
        return 0.0
    return min(last / first - 1, MOST_TREND) if first else float(MOST_TREND)


def in_words(trend: float | None, window_s: float) -> str:
    """The change, and how much that is a second; '' of none."""
    if not trend:
        return ""
    if trend >= MOST_TREND:
        return "the rate rose from next to nothing within the window; a longer warm-up may help"
    slope = _percent(abs(trend) / (BETWEEN * window_s))
    if trend < 0:
        return (
            f"the rate fell by {-trend:.0%} within the window, from its first quarter to its last: "
            f"by {slope} a second"
        )
    return (
        f"the rate rose by {trend:,.0%} within the window, from its first quarter to its last: "
        f"by {slope} a second; a longer warm-up may help"
    )


def _percent(share: float) -> str:
    """With two digits where it is small, as in a long window."""
    return f"{share:,.0%}" if share >= 0.1 else f"{float(f'{share:.2g}') * 100:.10g}%"
