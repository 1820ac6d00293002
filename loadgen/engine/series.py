"""A window second by second: what was answered, how fast, what failed, what was connected.

Only copies are taken while the window is open, of what the engine records anyway; the arithmetic
waits until it is over, because the engine's thread shares the interpreter.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import pairwise

from contract.result.load_side import LoadSecond
from contract.result.window import Gauges
from loadgen.engine.engine import Engine
from loadgen.engine.recorder import difference, to_histogram
from loadgen.engine.summary import encode


@dataclass(frozen=True, slots=True)
class _Look:
    at_ns: int
    fast: list[int]
    long: dict[int, int]
    errors: dict[str, int]
    gauges: Gauges
    waiting: int

    def counts(self) -> dict[int, int]:
        return {**{us: count for us, count in enumerate(self.fast) if count}, **self.long}


class Series:
    """Looks at an engine as often as `look` is called, from `begin` on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._looks: list[_Look] = []

    def begin(self, started_ns: int) -> None:
        """The window was opened then, with nothing recorded yet."""
        self._looks.append(_Look(started_ns, [], {}, {}, Gauges(0, 0, 0, 0, 0), 0))

    def look(self) -> None:
        """Take a copy of what was recorded so far."""
        engine = self._engine
        response = engine.response
        self._looks.append(
            _Look(
                time.perf_counter_ns(),
                response.fast.copy(),
                response.long.copy(),
                dict(engine.errors),
                engine.gauges(),
                engine.waiting(),
            )
        )

    def rest(self, errors: Mapping[str, int]) -> None:
        """All errors of the window: what was found after its end is its last second's."""
        self._looks[-1] = replace(self._looks[-1], errors=dict(errors))

    def rows(self) -> tuple[LoadSecond, ...]:
        """A row between each two looks; percentiles are left to whoever merges the workers'."""
        return tuple(self._row(*pair) for pair in pairwise(self._looks))

    def _row(self, before: _Look, after: _Look) -> LoadSecond:
        counts = dict(difference(after.counts(), before.counts()))
        errors = {kind: count - before.errors.get(kind, 0) for kind, count in after.errors.items()}
        started_ns = self._looks[0].at_ns
        return LoadSecond(
            from_s=round((before.at_ns - started_ns) / 1e9, 4),
            to_s=round((after.at_ns - started_ns) / 1e9, 4),
            requests=sum(counts.values()),
            errors={kind: count for kind, count in errors.items() if count},
            **asdict(after.gauges),
            waiting=after.waiting,
            histogram=encode(to_histogram(counts)),
        )
