"""Whether a trial at some rate kept the limits of a check-up, by its row of `trials.csv`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from contract.outcomes import GENERATOR_BUSY, MEASURED
from contract.void_causes import BY_SERVER

P99 = "response_p99_us"
LATE: Final = ("lag_max_us", "longest_pause_us")
Word = Literal["kept", "broken", "load", "unanswered", "unknown"]
"""`load`: the load could not send so much, so that nothing is known of the server; `unanswered`:
more requests than may fail had no answer, and nobody knows whether they ever have one; `unknown`:
the trial was spoiled, or its window closed too early to tell."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Up to which 99th percentile, and which share of failed requests, a rate is held."""

    p99_ms: float = 50.0
    error_share: float = 0.001


def delay_us(row: Mapping[str, Any]) -> float:
    """By how much the load itself may have made any time of an open loop longer: so late it sent
    at most, and so long it rested. Infinite where it had hardly time left, or nobody knows."""
    busy, late = row.get("generator_busy_share"), [row.get(name) for name in LATE]
    known = [float(one) for one in late if one is not None]
    if busy is None or busy >= GENERATOR_BUSY or len(known) < len(late):
        return math.inf
    return sum(known)


def word_of(row: Mapping[str, Any], limits: Limits) -> Word:
    """What the trial says of its rate; unknown cells are None.

    Errors that nobody counted are not none. A percentile that may be too long by the load's own
    lag alone says nothing of the server. One that is a lower bound breaks the limit or says
    nothing. Requests that hang are in no error and may be too few for the percentile.
    """
    if row["validity"] not in MEASURED:
        return "broken" if row["spoiled_by"] in BY_SERVER else "unknown"
    if (failed := row["error_share"]) is None:
        return "unknown"
    if failed > limits.error_share:
        return "broken"
    short = row[P99] is not None and row[P99] <= limits.p99_ms * 1_000
    if short and _hang(row, limits):
        return "unanswered"
    if short:
        return "unknown" if P99 in (row["lower_bounds"] or "").split() else "kept"
    if row["validity"] != "generator_bound":
        return "broken"
    return "broken" if (row[P99] or 0.0) - delay_us(row) > limits.p99_ms * 1_000 else "load"


def _hang(row: Mapping[str, Any], limits: Limits) -> bool:
    """Whether more have no answer, or an error, than may fail. One that was on its way as the
    window closed, as others are that were answered later, does not hang."""
    late = row.get("unanswered") or 0
    lost = late + (row.get("errors") or 0)
    old = (row.get("oldest_unanswered_us") or 0.0) > limits.p99_ms * 1_000
    overdue = "response_max_us" in (row["lower_bounds"] or "").split()
    return bool(late) and old and overdue and lost > limits.error_share * (lost + row["requests"])
