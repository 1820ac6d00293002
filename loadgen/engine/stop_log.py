"""What becomes of the requests of a server that is told to end, one by one.

The moment at which it is told is known a little after it, so each request is kept with its moments,
and counted when all is over.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable

from contract.result.distribution import Distribution
from contract.result.stop import Stopped
from loadgen.engine.recorder import mean_us, stddev_us, to_histogram
from loadgen.engine.summary import describe

MS_NS = 1_000_000


class StopLog:
    """Moments in ns of the monotonic clock. What is under way, or waits, as the load ends is noted
    last."""

    def __init__(self) -> None:
        self._sent, self._due, self._answered = array("q"), array("q"), array("q")
        self._lost_sent, self._lost = array("q"), array("q")
        self._unsent = array("q")
        self._under_way, self._under_way_due = array("q"), array("q")
        self._ended = 0

    def answer(self, sent: int, due: int, now: int) -> None:
        """A right answer has come, to what was sent first then."""
        self._sent.append(sent)
        self._due.append(due)
        self._answered.append(now)

    def lose(self, sent: int, now: int) -> None:
        """What was sent then will have no right answer."""
        self._lost_sent.append(sent)
        self._lost.append(now)

    def leave_unsent(self, due: int) -> None:
        """What was due then could not be sent."""
        self._unsent.append(due)

    def end(self, under_way: Iterable[tuple[int, int]], now: int) -> None:
        """The load ends; what was sent and due at these moments has no answer, and may yet have
        one."""
        for sent, due in under_way:
            self._under_way.append(sent)
            self._under_way_due.append(due)
        self._ended = now

    def counts(self, told_ns: int, bound_ns: int = 0) -> Stopped:
        """What became of them, of a server that was told to end then, or so much earlier or later.
        What had ended before is none of it; what was lost so shortly before may be the stop's, and
        counts."""
        answered = [
            (sent, now - due)
            for sent, due, now in zip(self._sent, self._due, self._answered, strict=True)
            if now >= told_ns
        ]
        lost = [
            sent
            for sent, now in zip(self._lost_sent, self._lost, strict=True)
            if now >= told_ns - bound_ns
        ]
        had_lost = sum(sent < told_ns for sent in lost)
        had = sum(sent < told_ns for sent, _ in answered)
        had_under_way = sum(sent < told_ns for sent in self._under_way)
        had += had_lost + had_under_way
        together = len(answered) + len(lost) + len(self._under_way)
        times = Counter(ns // 1_000 for _, ns in answered)
        unsent = Counter(max(due - told_ns, 0) // MS_NS for due in self._unsent)
        ages = Counter((self._ended - due) // MS_NS for due in self._under_way_due)
        return Stopped(
            told_ns=told_ns,
            had=had,
            had_lost=had_lost,
            came=together - had,
            came_lost=len(lost) - had_lost,
            under_way=len(self._under_way),
            unsent_ms=_by_ms(unsent),
            response=_distribution(times),
            had_under_way=had_under_way,
            under_way_ms=_by_ms(ages),
        )


def _by_ms(counts: Counter[int]) -> dict[str, int]:
    return {str(ms): count for ms, count in sorted(counts.items())}


def _distribution(times: Counter[int]) -> Distribution:
    moments = (mean_us(times), stddev_us(times)) if times else None
    return describe(to_histogram(times), None, moments, window_s=0.0)
