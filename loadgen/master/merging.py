"""The results of several workers as one, without loss.

Counts are summed and histograms added, so that percentiles are those of all requests together.
Where there is nothing to add, the worst stands for all: the busiest core, the longest pause, the
engine with the least time to rest, the slowest phase.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, TypeVar

from contract.expected import EXACT, FRAMING
from contract.result.load_side import Checked, Worker, WorkerHead, WorkerResult
from contract.result.server_side import Environment
from contract.result.trial_result import TrialResult
from contract.result.window import Gauges
from contract.void_causes import Blame
from loadgen.master.merged_series import merge_series
from loadgen.master.merged_stop import merge_stopped
from loadgen.master.merged_window import merge_windows, sum_of

T = TypeVar("T")


def merge(
    trial: str, results: Sequence[WorkerResult], reason: str, spoiled_by: Blame
) -> TrialResult:
    """The result of a trial. `reason` says why it is void, if it is, and `spoiled_by` who did it;
    `results` may be incomplete.

    `workers` has a row for each worker: its share, its seed, its edges of the window.
    """
    windows = [one.window for one in results if one.window]
    complete = bool(results) and len(windows) == results[0].share.workers
    cores = [(one.machine, *one.cores) for one in results]
    return TrialResult(
        trial=trial,
        reason=reason,
        spoiled_by=spoiled_by,
        options=results[0].options if results else None,
        phases_s=_slowest(one.phases_s for one in results),
        gauges=_gauges([one.gauges for one in results if one.gauges]),
        # One worker alone speaks to the probe.
        samples=_first((one.samples for one in results), ()),
        environment=_first((one.environment for one in results), Environment()),
        window=merge_windows(windows, cores) if complete else None,
        series=merge_series([one.series for one in results]) if complete else (),
        rates_per_s=_rates([one.rates_per_s for one in results]) if complete else (),
        warmed_up_s=max(
            (one.warmed_up_s for one in results if one.warmed_up_s is not None), default=None
        ),
        round_trip_us=min(
            (one.round_trip_us for one in results if one.round_trip_us is not None), default=None
        ),
        clock_bound_us=_apart_us(one.clock_bound_us for one in results),
        rss_idle_bytes=sum_of(one.rss_idle_bytes for one in results) if complete else None,
        rss_held_bytes=sum_of(one.rss_held_bytes for one in results) if complete else None,
        company=summed(one.company for one in results),
        workers=tuple(_worker(one) for one in results),
        aftermath=_first((one.aftermath for one in results), None),
        checked=_checked([one.checked for one in results if one.checked]),
        stopped=merge_stopped([one.stopped for one in results]) if complete else None,
    )


def summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Counts of the same name added."""
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total)


def _apart_us(bounds: Iterable[float | None]) -> float | None:
    """How far apart two of their moments may be that look the same, or one of them and one of the
    probe's; None where all have one clock."""
    known = sorted(one for one in bounds if one is not None)
    return sum(known[-2:]) if known else None


def _rates(of_workers: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """The rates of all together, part by part; none if a worker was stopped before the others."""
    if len(set(map(len, of_workers))) > 1:
        return ()
    return tuple(sum(rates) for rates in zip(*of_workers, strict=True))


def _slowest(phases: Iterable[Mapping[str, float]]) -> dict[str, float]:
    slowest: dict[str, float] = {}
    for one in phases:
        for name, seconds in one.items():
            slowest[name] = max(slowest.get(name, 0.0), seconds)
    return slowest


def _gauges(known: Sequence[Gauges]) -> Gauges | None:
    return Gauges(**summed(asdict(one) for one in known)) if known else None


def _checked(known: Sequence[Checked]) -> Checked | None:
    """The least strict check: each worker learns what the server answers by itself; and the first
    that has met a wrong answer."""
    if not known:
        return None
    compared = dict.fromkeys(one.compared for one in known)
    exact = all(one.check == EXACT for one in known)
    wrong = next((one.wrong for one in known if one.wrong), "")
    return Checked(EXACT if exact else FRAMING, "; ".join(compared), wrong)


def _first(given: Iterable[T], nothing: T) -> T:
    """The first that is something."""
    return next((one for one in given if one != nothing), nothing)


def _worker(result: WorkerResult) -> Worker:
    window = result.window
    head: dict[str, Any] = {one.name: getattr(result, one.name) for one in fields(WorkerHead)}
    return Worker(
        **head,
        started_ns=window.started_ns if window else None,
        ended_ns=window.ended_ns if window else None,
        cpu_ns=window.cpu_ns if window else None,
        requests=window.requests if window else None,
        longest_pause_us=window.longest_pause_us if window else None,
    )
