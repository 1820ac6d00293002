"""What the cells of a row of `trials.csv` owe each other; what each may hold is in the columns."""

from __future__ import annotations

from typing import NamedTuple

from contract.outcomes import NOT_MEASURED


class Implication(NamedTuple):
    """Where `column` is `value`, `other` is one of `must_be`."""

    column: str
    value: str
    other: str
    must_be: tuple[str, ...]


IMPLICATIONS = (Implication("outcome", "failed", "validity", NOT_MEASURED),)
IN_ORDER = (
    ("voluntary_switches", "context_switches"),
    ("connection_requests_min", "connection_requests_p50"),
    ("connection_requests_p50", "connection_requests_max"),
    ("stop_had_lost", "stop_had"),
    ("stop_came_lost", "stop_came"),
)
"""Pairs of numbers of which the second is never the smaller one."""
