"""What the workers have told the master of the load that runs, or ran last, added up.

A worker tells how it stands, not what has changed, so nothing can be counted twice: the sum over
the workers is the load. Histograms are counts by microseconds, and adding them loses nothing.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from loadgen.engine.recorder import Counts, difference

Histograms = dict[str, Counts]
SAMPLES = 30
RECENT_S = 5.0
LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What the probe said, and the requests that all workers had counted by then."""

    load: str
    at_s: float
    requests: int
    counters: Mapping[str, Any]


class Gathered:
    """Of one load at a time: `begin` forgets the one before. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.samples: deque[Sample] = deque(maxlen=SAMPLES + 1)
        self.begin("")

    def begin(self, server: str, *, scheduled: bool = False) -> None:
        """A load of `server` by hand is about to be started; an open loop is `scheduled`."""
        self.server = server
        self.scheduled = scheduled
        self.started_at_s = self._told_at_s = self._clock()
        self.silence = ""
        self.first: Sample | None = None
        self.rows: dict[str, dict[str, Any]] = {}
        self.rates: dict[str, float] = {}
        self._asker = ""
        self._looks: deque[tuple[float, Histograms]] = deque([(self.started_at_s, {})])
        self.samples.clear()

    def tell(self, worker: str, row: dict[str, Any]) -> None:
        """How a worker stands now, as `progress.py` puts it."""
        before = self.rows.get(worker, {})
        elapsed_s = row.get("at_s", 0.0) - before.get("at_s", row.get("at_s", 0.0))
        if elapsed_s > 0:
            self.rates[worker] = max(row["requests"] - before["requests"], 0) / elapsed_s
        self.rows[worker] = row
        self._told_at_s = self._clock()
        self.silence = row.get("silence", "")
        if row.get("server") and worker == (self._asker or worker):
            self._asker = worker  # every worker asks the probe; one answer is enough
            self._keep(row["trial"], row["server"])

    def leave(self, worker: str) -> None:
        """The worker is gone, with what it counted in a trial."""
        self.rows.pop(worker, None)
        self.rates.pop(worker, None)
        if self._asker == worker:
            self._asker = ""

    @property
    def length_s(self) -> float:
        """From the start to what was told last."""
        return self._told_at_s - self.started_at_s

    def merged(self) -> Histograms:
        """The histograms of all workers, added."""
        return add(row.get("histograms", {}) for row in self.rows.values())

    def censored(self) -> Histograms:
        """Ages of what had not ended as the workers froze, added; nothing while they load."""
        return add(row.get("censored", {}) for row in self.rows.values())

    @property
    def frozen(self) -> bool:
        """Whether all workers have told what had not ended."""
        return all("censored" in row for row in self.rows.values())

    def times(self) -> Histograms:
        """The histograms with the ages among the times."""
        return add([self.merged(), self.censored()])

    def recent(self) -> Histograms:
        """What came in the last seconds, RECENT_S of them or a little more."""
        now_s, merged = self._clock(), self.merged()
        looks = self._looks
        if now_s - looks[-1][0] >= LOOK_S:
            looks.append((now_s, merged))
        while len(looks) > 1 and now_s - looks[1][0] >= RECENT_S:
            looks.popleft()
        return {name: _more(counts, looks[0][1].get(name, {})) for name, counts in merged.items()}

    def _keep(self, load: str, counters: Mapping[str, Any]) -> None:
        last = self.samples[-1] if self.samples else None
        if last and last.load == load and last.counters["at_ns"] == counters["at_ns"]:
            return  # a trial's sample, told before
        requests = sum(row.get("requests", 0) for row in self.rows.values())
        sample = Sample(load, self._clock(), requests, counters)
        # Until a request is counted the load connects and warms up.
        if self.first is None or self.first.load != load or not requests:
            self.first = sample
        self.samples.append(sample)


def add(parts: Iterable[Histograms]) -> Histograms:
    """Histograms of the same name added, without loss."""
    added: dict[str, Counter[int]] = {}
    for histograms in parts:
        for name, counts in histograms.items():
            added.setdefault(name, Counter()).update(counts)
    return {name: dict(counts) for name, counts in added.items()}


def _more(new: dict[int, int], old: dict[int, int]) -> dict[int, int]:
    """What is new since then; all of it where counting began anew in between."""
    if sum(new.values()) < sum(old.values()):
        return new
    return {us: count for us, count in difference(new, old) if count > 0}
