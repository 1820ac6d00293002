"""What the engine spends on the output of a container: its programs copy all that a server prints.

Every container has a program of its own that reads its output (containerd-shim, conmon), with the
container's id on its command line; Docker's daemon then writes that to a file. The processor time
of their threads, and the core where each ran last, are in `/proc` for every user to read, where the
engine is on this machine. Elsewhere nothing is known of it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
DAEMON = b"dockerd"
MOST_OF_DAEMON = 4.0
"""Times the processor time of a container's own copier that the daemon may have spent on the same
output: what is beyond is something else that the daemon did. Seen were 1.7 with 2,000 lines a
second, and 2.4 with as many as could be (Docker 20.10, json-file)."""
GONE = (FileNotFoundError, ProcessLookupError, PermissionError)
USER, SYSTEM, CORE = 11, 12, 36
"""Places behind the name in /proc/PID/stat: both kinds of processor time, and the core."""
Threads = dict[str, tuple[float, int]]
"""Seconds of processor time, and the core where it ran last, by the thread's id."""


@dataclass(frozen=True, slots=True)
class Copiers:
    """The processes that copy a container's output: its own, and the daemons."""

    own: tuple[Path, ...]
    daemons: tuple[Path, ...]

    @classmethod
    def of(cls, container: str, proc: Path = PROC) -> Copiers | None:
        """None where they are not on this machine."""
        own, daemons = [], []
        for entry in proc.iterdir():
            if entry.name.isdigit():
                with suppress(*GONE):
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                    if container.encode() in words:
                        own.append(entry)
                    elif words[0].rpartition(b"/")[2] == DAEMON:
                        daemons.append(entry)
        return cls(tuple(own), tuple(daemons)) if own else None

    def look(self) -> Look:
        """As far as they have come."""
        whole = dict(_used(self.own))
        tasks = (list(_tasks(processes)) for processes in (self.own, self.daemons))
        return Look(sum(used_s for used_s, _ in whole.values()), *(dict(_used(t)) for t in tasks))


class Look(NamedTuple):
    """The processor time of the container's own copiers, threads that have ended included; their
    threads, and those of the daemons."""

    own_s: float
    own: Threads
    daemons: Threads


def copying_s(before: Look, after: Look, cores: Collection[int]) -> float:
    """Processor time on these cores, between two looks, that went into the container's output."""
    most_s = MOST_OF_DAEMON * max(after.own_s - before.own_s, 0.0)
    daemons_s = _spent_s(before.daemons, after.daemons, cores)
    return _spent_s(before.own, after.own, cores) + min(daemons_s, most_s)


def _spent_s(before: Threads, after: Threads, cores: Collection[int]) -> float:
    """Of a thread that is new, all."""
    return sum(
        used_s - before.get(thread, (0.0, 0))[0]
        for thread, (used_s, core) in after.items()
        if core in cores
    )


def _tasks(processes: Iterable[Path]) -> Iterator[Path]:
    for one in processes:
        with suppress(*GONE):
            yield from (one / "task").iterdir()


def _used(folders: Iterable[Path]) -> Iterator[tuple[str, tuple[float, int]]]:
    for one in folders:
        with suppress(*GONE):
            fields = (one / "stat").read_text().rpartition(")")[2].split()
            ticks = int(fields[USER]) + int(fields[SYSTEM])
            yield one.name, (ticks / os.sysconf("SC_CLK_TCK"), int(fields[CORE]))
