"""Processor time of programs that work for a container, by their threads, as /proc has it.

The processor time of a thread, and the core where it ran last, are there for every user to read.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
GONE = (FileNotFoundError, ProcessLookupError, PermissionError)
USER, SYSTEM, CORE = 11, 12, 36
"""Places behind the name in /proc/PID/stat: both kinds of processor time, and the core."""
Threads = dict[str, tuple[float, int]]
"""Seconds of processor time, and the core where it ran last, by the thread's id."""


def processes(proc: Path = PROC) -> Iterator[tuple[Path, list[bytes]]]:
    """The folder and the words of the command line of each process."""
    for entry in proc.iterdir():
        if entry.name.isdigit():
            with suppress(*GONE):
                yield entry, (entry / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")


def threads(of: Iterable[Path]) -> Threads:
    """Those of these processes that are alive."""
    return dict(_used(_tasks(of)))


def used_s(by: Iterable[Path]) -> float:
    """Seconds of whole processes, threads that have ended included."""
    return sum(seconds for _, (seconds, _) in _used(by))


def spent_s(before: Threads, after: Threads, cores: Collection[int]) -> float:
    """On these cores, between two looks; of a thread that is new, all."""
    return sum(
        seconds - before.get(thread, (0.0, 0))[0]
        for thread, (seconds, core) in after.items()
        if core in cores
    )


def _tasks(of: Iterable[Path]) -> Iterator[Path]:
    for one in of:
        with suppress(*GONE):
            yield from (one / "task").iterdir()


def _used(folders: Iterable[Path]) -> Iterator[tuple[str, tuple[float, int]]]:
    for one in folders:
        with suppress(*GONE):
            fields = (one / "stat").read_text().rpartition(")")[2].split()
            ticks = int(fields[USER]) + int(fields[SYSTEM])
            yield one.name, (ticks / os.sysconf("SC_CLK_TCK"), int(fields[CORE]))
