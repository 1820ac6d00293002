"""A run that measures more blocks until it can tell: what it and the analysis say to each other.

Its manifest has the budget under `budget_s`, in seconds (0: it looks at its claims once), each
block beyond the plan under `more_blocks`, and `ended_at` once it measures no more of them. The
analysis answers `open RUN` with the claims that more blocks may decide, under OPEN.
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
    """A block beyond the plan: the claim that it was measured for, with trials of these points
    between the reference trials. `took_s` is how long it took, in seconds; None until it ended."""

    block: int
    claim: int
    points: tuple[str, ...]
    took_s: float | None = None


@dataclass(frozen=True, slots=True)
class OpenClaim:
    """A claim that more blocks with trials of these `points` may decide: `needed` more in all by
    the spread seen so far (None: nobody can say), and so many until the `next_look`."""

    claim: int
    title: str
    next_look: int
    needed: int | None
    points: tuple[str, ...]
