"""The word for a trial: measured, limit reached, starved or void; and what others may have of the
machine meanwhile.

Each cause has one word. What a server met, or did to its clients, is a finding that figures and
claims use; void is what was spoiled, and it alone is left out of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from contract.void_causes import SPOILED_BY, SpoiledBy

OUTCOMES = ("completed", "failed")
Word = Literal["measured", "limit reached", "starved", "void"]
"""`limit reached`: the server's own wall (descriptors, FD_SETSIZE, threads, processes, memory),
with how far it went. `starved`: it ran, and clients were not served, down to nobody."""
WORDS: tuple[Word, ...] = get_args(Word)
MEASURED = ("server_bound", "generator_bound", "unsaturated")
"""What bounded a trial that was measured."""
LIMIT_REACHED, STARVED, VOID = "limit_reached", "starved", "void"
WORD_OF: Mapping[str, Word] = {
    **dict.fromkeys(MEASURED, WORDS[0]),
    LIMIT_REACHED: "limit reached",
    STARVED: "starved",
    VOID: "void",
}
"""By the column `validity`."""
VALIDITIES = tuple(WORD_OF)
NOT_MEASURED = VALIDITIES[len(MEASURED) :]
OF_CAUSE: Mapping[SpoiledBy, str] = {
    **dict.fromkeys(SPOILED_BY, VOID),
    "server_limit": LIMIT_REACHED,
    "server_starved": STARVED,
}
"""The `validity` of a trial that is not measured, by its cause."""
STEAL = 0.10
"""A tenth of the machine taken by the hypervisor changes the figure itself."""
FOREIGN = 0.5
"""Half a core's worth of other programs on the server's and the load's cores."""
GENERATOR_BUSY = 0.6
"""From this share of the window on, in which it has work to do, an engine counts as busy. With 0.7
of a core it had 0.74 to 0.76 at a rate that it could not send, 0.43 at an easy one, and 0.34 where
the server slept."""


def not_measured(cause: SpoiledBy) -> dict[str, str]:
    """The cells of a trial that is not measured, for this cause."""
    return {"validity": OF_CAUSE[cause], "spoiled_by": cause}


def went_as_far_as(row: Mapping[str, float | None]) -> float | None:
    """Connections, or descriptors without clients, that a trial's server held; None where nobody
    counted.

    The load counts what it established and the server's side what it held or queued; a connection
    that the kernel queued but the server never took is in one of the two at most times, so the
    smaller positive count is the truth.
    """
    load = (row.get("active_established") or 0) + (row.get("idle_established") or 0)
    counts = [count for count in (load, row.get("server_established")) if count]
    return min(counts, default=row.get("watched_held"))
