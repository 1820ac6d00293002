"""The columns about a server whose start was watched."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any, Final

from contract.result.trial_result import TrialResult

ENOUGH: Final = 0.9
"""Share of the later rate: equal trials differ by as much."""


def start_columns(result: TrialResult) -> dict[str, Any]:
    """Nothing where it was not watched, or did not answer."""
    if result.start is None:
        return {}
    window_s = result.window.window_s if result.window else 0.0
    return {
        "start_listening_s": result.start.listening_s,
        "start_answered_s": result.start.answered_s,
        "start_steady_s": steady_s(result.rates_per_s, window_s),
    }


def steady_s(rates: Sequence[float], window_s: float) -> float | None:
    """Since the window opened until one of its equal parts had ENOUGH of the median rate of its
    second half. None without parts, or where nothing was answered in that half."""
    later = median(rates[len(rates) // 2 :]) if rates else 0.0
    if not later:
        return None
    before = next(place for place, rate in enumerate(rates) if rate >= ENOUGH * later)
    return before * window_s / len(rates)
