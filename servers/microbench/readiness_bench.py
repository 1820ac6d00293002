"""What an interface of readiness costs by itself.

`python -m servers.microbench.readiness_bench WORK NAME`

No client and no network: one thread, descriptors of its own, and the very objects that the
servers of that name wait with. What is done over and over stands in readiness_work.py.

Where it breaks: at the limits of the interface, which are named like those of a server.

Prints JSON, a line each: `limit` if one was met, `watched` with the descriptors that the
interface took, and `measured` with what was counted in the window.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import resource
import select
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from contract.core_loop import core_loop_us
from contract.exits import ServerExit
from servers.core.events import EventLog
from servers.microbench.readiness_work import WORKS, Work
from servers.readiness.mechanism import LimitReachedError, Readiness
from servers.variants.epoll_level import EpollReadiness
from servers.variants.poll import PollReadiness
from servers.variants.select import SelectReadiness

BATCH_NS = 2_000_000  # between two looks at the clock; some passes take longer than that
BARE_SHARE = 0.25  # of warm-up and window: turns without a wait are all alike
CLOCK_READINGS = 1_000


class EdgeInputReadiness(EpollReadiness):
    """`Readiness` by epoll, edge-triggered, for input alone.

    The server asks for output too, for which an eventfd always has room.
    """

    first_events = select.EPOLLIN | select.EPOLLET


INTERFACES: dict[str, type[Readiness]] = {
    "select": SelectReadiness,
    "poll": PollReadiness,
    "epoll_level": EpollReadiness,
    "epoll_edge": EdgeInputReadiness,
}


def main(arguments: Sequence[str] | None = None) -> ServerExit:
    """Measure what the command line asks for; print it."""
    asked = _parse(arguments)
    try:
        work = WORKS[asked.work](INTERFACES[asked.interface](), asked.watched)
    except OSError as error:
        if error.errno != errno.EMFILE:
            raise
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        EventLog(asked.interface).limit(
            "nofile",
            most,
            f"{asked.watched:,} descriptors, {asked.work} having both ends of each, do not fit "
            f"into the {most:,} of the process",
        )
        return ServerExit.UNAVAILABLE
    spin(work.bare, asked.warm_up * BARE_SHARE)
    bare = spin(work.bare, asked.window * BARE_SHARE)
    try:
        work.watch()
    except LimitReachedError as limit:
        why = limit.message.partition(":")[0]  # what follows is about connections
        told = f"{asked.interface} takes {work.watched:,} of {asked.watched:,} descriptors: {why}"
        EventLog(asked.interface).limit(limit.limit, limit.value, told)
        return ServerExit.UNAVAILABLE
    finally:
        _tell(event="watched", descriptors=work.watched)
    measured = measure(work, asked.warm_up, asked.window)
    _tell(event="measured", bare_ns=bare.elapsed_ns / bare.turns, **measured)
    return ServerExit.OK


@dataclass(frozen=True, slots=True)
class Spun:
    """So many turns in so many nanoseconds, `waited_ns` of them in waits (0 if not timed)."""

    turns: int
    elapsed_ns: int
    waited_ns: int
    batch: int


def spin(do: Callable[[int], int], seconds: float, batch: int = 1) -> Spun:
    """Do turns for so long, in batches that grow until looking at the clock costs nothing."""
    clock = time.perf_counter_ns
    turns = waited_ns = 0
    started = now = clock()
    ends = started + int(seconds * 1e9)
    while now < ends:
        waited_ns += do(batch)
        turns += batch
        before, now = now, clock()
        if now - before < BATCH_NS:
            batch *= 2
    return Spun(turns, now - started, waited_ns, batch)


def measure(
    work: Work, warm_up_s: float, window_s: float
) -> dict[str, float | list[int] | dict[str, float]]:
    """The turns of a window, in nanoseconds its length, the time in waits, what reading the
    clock adds to each of them, and the CPU time; ticks are of the cores of this process, which
    are told as well, with how fast theirs was.
    """
    before_us = core_loop_us()
    batch = spin(work.turns, warm_up_s).batch
    busy, stolen = _ticks()
    cpu_ns = time.process_time_ns()
    window = spin(work.turns, window_s, batch)
    cpu_ns = time.process_time_ns() - cpu_ns
    busy_after, stolen_after = _ticks()
    after_us = core_loop_us()
    work.check()
    return {
        "turns": window.turns,
        "window_ns": window.elapsed_ns,
        "waited_ns": window.waited_ns,
        "clock_ns": _clock_ns(),
        "cpu_ns": cpu_ns,
        "busy_ticks": busy_after - busy,
        "steal_ticks": stolen_after - stolen,
        "clock_ticks": os.sysconf("SC_CLK_TCK"),
        "affinity": sorted(os.sched_getaffinity(0)),
        "core_loops_us": {"before": before_us, "after": after_us},
    }


def _clock_ns() -> float:
    """What reading the clock adds to an interval between two readings."""
    clock = time.perf_counter_ns
    readings = [clock() for _ in range(CLOCK_READINGS)]
    return median(after - before for before, after in pairwise(readings))


def _ticks() -> tuple[int, int]:
    """Ticks at work, and taken by the hypervisor, of the cores that this process may use.

    The columns of /proc/stat: user nice system idle iowait irq softirq steal (proc(5)).
    """
    mine = {f"cpu{core}" for core in os.sched_getaffinity(0)}
    busy = stolen = 0
    for line in Path("/proc/stat").read_text(encoding="ascii").splitlines():
        name, *values = line.split()
        if name in mine:
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, values[:8])
            busy += user + nice + system + irq + softirq
            stolen += steal
    return busy, stolen


def _tell(**event: str | float | list[int] | dict[str, float]) -> None:
    print(json.dumps(event), flush=True)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m servers.microbench.readiness_bench")
    parser.add_argument("work", choices=list(WORKS))
    parser.add_argument("interface", choices=list(INTERFACES))
    parser.add_argument("--watched", type=int, required=True, help="descriptors to be watched")
    parser.add_argument("--warm-up", type=float, default=0.1, help="seconds before the window")
    parser.add_argument("--window", type=float, default=0.4, help="seconds that are measured")
    asked = parser.parse_args(arguments)
    if asked.watched < 1:
        parser.error(f"--watched: at least 1, not {asked.watched}")
    return asked


if __name__ == "__main__":
    sys.exit(main())
