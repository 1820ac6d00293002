"""How much an open loop asks for in a window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def offered_per_s(row: Mapping[str, Any]) -> float:
    """Requests a second that were due, on average: more in a surge than after it."""
    rate: float = row["rate_per_s"]
    if not row.get("surge_per_s"):
        return rate
    share: float = min(row["surge_s"] / row["window_s"], 1.0)
    surge: float = row["surge_per_s"]
    return rate + (surge - rate) * share
