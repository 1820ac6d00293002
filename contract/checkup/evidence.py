"""The trials of a server's search, as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from contract.checkup.description import HOLDS
from contract.checkup.held_rate import RateTried
from contract.checkup.kept import Limits, word_of


def seen_of(rows: Iterable[Mapping[str, Any]], limits: Limits) -> list[RateTried]:
    """The rows of one server's search that say something; a rate that the load could not send, or
    at which requests hang, counts as one that is not kept, for the search ends there as well."""
    found = []
    for row in rows:
        if row["sweep"] != HOLDS:
            continue
        word = word_of(row, limits)
        if word != "unknown":
            found.append(RateTried(row["rate_per_s"], word == "kept"))
    return found
