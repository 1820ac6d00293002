"""A run that measures more blocks until it can tell: what it and the analysis say to each other.

Its manifest has the budget under `budget_s`, in seconds (0: it looks at its figures once), each
block beyond the plan under `more_blocks`, and `ended_at` once it measures no more of them. The
analysis answers `open RUN` with the questions that more blocks may decide, under OPEN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BUDGET: Final = "budget_s"
BLOCKS: Final = "more_blocks"
ENDED: Final = "ended_at"
OPEN: Final = "open"


@dataclass(frozen=True, slots=True)
class MoreBlock:
    """A block beyond the plan: the question that it was measured for, by name, with trials of
    these points between the reference trials. `took_s` is how long it took, in seconds, or was
    expected to where it was stopped and gone on with; None until it ended."""

    block: int
    question: str
    points: tuple[str, ...]
    took_s: float | None = None


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A claim, a threshold or a comparison of two servers that more blocks with trials of these
    `points` may decide: `needed` more in all by the spread seen so far (None: nobody can say), and
    so many until the `next_look`."""

    name: str  # 'claim 3', 'threshold response_p99_us < 5000', 'shop_2 beside shop_1'
    title: str
    next_look: int
    needed: int | None
    points: tuple[str, ...]


def claim_name(number: int) -> str:
    """The name of the question whether a claim holds."""
    return f"claim {number}"
