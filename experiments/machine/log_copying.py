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

PROC = Path("/proc")
DAEMON = b"dockerd"
MOST_OF_DAEMON = 4.0
"""Times the processor time of a container's own copier that the daemon may have spent on the same
output: what is beyond is something else that the daemon did. TODO measured"""
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

    def look(self) -> tuple[Threads, Threads]:
        """The threads of the container's own, and of the daemons."""
        return dict(_threads(self.own)), dict(_threads(self.daemons))


def copying_s(
    before: tuple[Threads, Threads], after: tuple[Threads, Threads], cores: Collection[int]
) -> float:
    """Processor time on these cores, between two looks, that went into the container's output."""
    (own_before, daemon_before), (own, daemon) = before, after
    most_s = MOST_OF_DAEMON * _spent_s(own_before, own, None)
    return _spent_s(own_before, own, cores) + min(_spent_s(daemon_before, daemon, cores), most_s)


def _spent_s(before: Threads, after: Threads, cores: Collection[int] | None) -> float:
    return sum(
        used_s - before.get(thread, (0.0, 0))[0]
        for thread, (used_s, core) in after.items()
        if cores is None or core in cores
    )


def _threads(processes: Iterable[Path]) -> Iterator[tuple[str, tuple[float, int]]]:
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    for one in processes:
        with suppress(*GONE):
            for task in (one / "task").iterdir():
                with suppress(*GONE):
                    fields = (task / "stat").read_text().rpartition(")")[2].split()
                    used = int(fields[USER]) + int(fields[SYSTEM])
                    yield task.name, (used * tick_s, int(fields[CORE]))
