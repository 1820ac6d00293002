"""The CPU time in a window of what a server needs, from what the watcher of each has printed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract.result.server_side import ProbeSample
from experiments.records.quotient import at_least_0, per


@dataclass(frozen=True, slots=True)
class NeedsSeen:
    """`logs` of the watchers by name; whether what they watched had `shared_cores` with the load or
    the server, for then its CPU time is in what others used there."""

    logs: Mapping[str, str]
    shared_cores: bool


def needs_columns(
    seen: NeedsSeen, before: ProbeSample, after: ProbeSample, others: float | None
) -> dict[str, Any]:
    """`before` and `after` bound the window; `others` are the cores' worth of all other programs.

    Both figures are None where that of one need is not known.
    """
    used = [_used_ns(readings(log), before.at_ns, after.at_ns) for log in seen.logs.values()]
    known = [one for one in used if one is not None]
    cores = per(sum(known), after.at_ns - before.at_ns) if len(known) == len(used) else None
    if not seen.shared_cores:
        return {"needs_cpu_share": cores}
    left = None if cores is None or others is None else at_least_0(others - cores)
    return {"needs_cpu_share": cores, "foreign_cpu_share": left}


def readings(log: str) -> list[tuple[int, int]]:
    """Moments and CPU times, both in ns; the rest of the log is words."""
    pairs = (line.split() for line in log.splitlines())
    return [(int(at), int(cpu)) for at, cpu in (one for one in pairs if _is_reading(one))]


def _is_reading(words: Sequence[str]) -> bool:
    return len(words) == 2 and all(one.isdigit() for one in words)


def _used_ns(found: Sequence[tuple[int, int]], start_ns: int, end_ns: int) -> float | None:
    first, last = _at(found, start_ns), _at(found, end_ns)
    return None if first is None or last is None else last - first


def _at(found: Sequence[tuple[int, int]], moment_ns: int) -> float | None:
    """On the line between the readings around it; None where there are none."""
    place = bisect_left(found, (moment_ns, 0))
    if not 0 < place < len(found):
        return None
    (before, used), (after, later) = found[place - 1], found[place]
    return used + (later - used) * (moment_ns - before) / (after - before)
