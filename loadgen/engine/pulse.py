"""How fast an engine is answered, between any moments at which it is looked at.

A look costs about 50 us of another thread, and the engine's own nothing.
"""

from __future__ import annotations

import time
from itertools import pairwise

from loadgen.engine.engine import Engine

PARTS = 20
"""Parts of a window, in each of which its rate is known."""
SHORTEST_PART_NS = 50_000_000


def part_ends(opens_ns: int, ends_ns: int) -> range:
    """The moments at which the parts of a window end; none of one too short for them."""
    part_ns = (ends_ns - opens_ns) // PARTS
    if part_ns < SHORTEST_PART_NS:
        return range(0)
    return range(opens_ns + part_ns, opens_ns + PARTS * part_ns + 1, part_ns)


class Pulse:
    """Looks at an engine as often as `look` is called. A window opened meanwhile ends it: what was
    counted before is then forgotten."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._looks: list[tuple[int, int]] = []

    def begin(self, started_ns: int) -> None:
        """The window was opened then, with nothing counted yet."""
        self._looks.append((started_ns, 0))

    def look(self) -> None:
        """See how many responses there have been so far."""
        self._looks.append((time.perf_counter_ns(), self._engine.response.total()))

    def rates_per_s(self) -> tuple[float, ...]:
        """Responses a second between each two looks."""
        return tuple(
            (count - counted) * 1e9 / max(at_ns - before_ns, 1)
            for (before_ns, counted), (at_ns, count) in pairwise(self._looks)
        )
