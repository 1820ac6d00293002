"""What the workers have told the master of the load that runs, or ran last, added up.

A worker tells how it stands, not what has changed, so nothing can be counted twice: the sum over
the workers is the load. Histograms are counts by microseconds, and adding them loses nothing.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from contract.result.server_side import ProbeSample
from loadgen.engine.censoring import overdue
from loadgen.engine.recorder import Counts, difference
from loadgen.worker.standing import Standing

Histograms = dict[str, Counts]
SAMPLES = 30
RECENT_S = 5.0
LOOK_S = 1.0
STALE_S = 3.0
"""Some times as long as a worker that lives is silent."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the probe said, and the requests that all workers had counted by then."""

    load: str
    at_s: float
    requests: int
    sample: ProbeSample


class LiveTotals:
    """Sums over the workers of one load: `begin` forgets the one before. `clock` is in s."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.looks: deque[Look] = deque(maxlen=SAMPLES + 1)
        self.begin("")

    def begin(self, server: str, *, scheduled: bool = False) -> None:
        """A load of `server` by hand is about to be started; an open loop is `scheduled`."""
        self.server = server
        self.scheduled = scheduled
        self.started_at_s = self._told_at_s = self._clock()
        self.silence = ""
        self.first: Look | None = None
        self.standings: dict[str, Standing] = {}
        self._rates: dict[str, float] = {}
        self._told: dict[str, float] = {}
        self._asker = ""
        self._before: deque[tuple[float, Histograms]] = deque([(self.started_at_s, {})])
        self.looks.clear()

    def tell(self, worker: str, standing: Standing) -> None:
        """How a worker stands now."""
        self._note_rate(worker, standing)
        self.standings[worker] = standing
        self._told_at_s = self._told[worker] = self._clock()
        self.silence = standing.silence
        if standing.server and worker == (self._asker or worker):
            self._asker = worker  # every worker asks the probe; one answer is enough
            self._keep(standing.trial, standing.server)

    def _note_rate(self, worker: str, standing: Standing) -> None:
        before = self.standings.get(worker)
        if before is None or before.at_s is None or standing.at_s is None:
            return
        if (elapsed_s := standing.at_s - before.at_s) > 0:
            self._rates[worker] = max(standing.requests - before.requests, 0) / elapsed_s

    def rate(self, worker: str) -> float | None:
        """Requests a second, as it told last; None of one that others have told so much after that
        it must be lost."""
        stale = self._told_at_s - self._told.get(worker, 0.0) > STALE_S
        return None if stale else self._rates.get(worker)

    def leave(self, worker: str) -> None:
        """The worker is gone, with what it counted in a trial."""
        self.standings.pop(worker, None)
        self._rates.pop(worker, None)
        if self._asker == worker:
            self._asker = ""

    @property
    def length_s(self) -> float:
        """From the start to what was told last."""
        return self._told_at_s - self.started_at_s

    def merged(self) -> Histograms:
        """The histograms of all workers, added."""
        return add(one.histograms for one in self.standings.values())

    def censored(self) -> Histograms:
        """Ages of what had not ended as the workers froze, added; nothing while they load. In a
        closed loop one worker has said by itself which are overdue; of several it is decided
        here, as a few on each may be no wonder there, and one together."""
        parts = self.standings.values()
        alone = add(one.censored or {} for one in parts)
        if len(self.standings) == 1:
            return alone
        ended, length_us = self.merged(), max(self.length_s, 1e-6) * 1e6
        pending = add(one.pending for one in parts)
        late = {
            name: overdue(ended.get(name, {}), ages, length_us) for name, ages in pending.items()
        }
        return {name: ages for name, ages in (alone | late).items() if ages}

    @property
    def frozen(self) -> bool:
        """Whether all workers have told what had not ended."""
        return all(one.censored is not None for one in self.standings.values())

    def times(self) -> Histograms:
        """The histograms with the ages among the times."""
        return add([self.merged(), self.censored()])

    def recent(self) -> Histograms:
        """What came in the last seconds, RECENT_S of them or a little more."""
        now_s, merged = self._clock(), self.merged()
        before = self._before
        if now_s - before[-1][0] >= LOOK_S:
            before.append((now_s, merged))
        while len(before) > 1 and now_s - before[1][0] >= RECENT_S:
            before.popleft()
        return {name: _more(counts, before[0][1].get(name, {})) for name, counts in merged.items()}

    def _keep(self, load: str, sample: ProbeSample) -> None:
        last = self.looks[-1] if self.looks else None
        if last and last.load == load and last.sample.at_ns == sample.at_ns:
            return  # a trial's sample, told before
        requests = sum(one.requests for one in self.standings.values())
        look = Look(load, self._clock(), requests, sample)
        # Until a request is counted the load connects and warms up.
        if self.first is None or self.first.load != load or not requests:
            self.first = look
        self.looks.append(look)


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
