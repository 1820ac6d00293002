"""What the engine spends on the output of a container: its programs copy all that a server prints.

Every container has a program of its own that reads its output (containerd-shim, conmon), with the
container's id on its command line; Docker's daemon then writes that to a file. They are seen where
the engine is on this machine. Elsewhere nothing is known of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from experiments.machine.thread_times import PROC, Threads, processes, spent_s, threads, used_s

DAEMON = b"dockerd"
MOST_OF_DAEMON = 4.0
"""Times the processor time of a container's own copier that the daemon may have spent on the same
output: what is beyond is something else that the daemon did. Seen were 1.7 with 2,000 lines a
second, and 2.4 with as many as could be (Docker 20.10, json-file)."""


@dataclass(frozen=True, slots=True)
class Copiers:
    """The processes that copy a container's output: its own, and the daemons."""

    own: tuple[Path, ...]
    daemons: tuple[Path, ...]

    @classmethod
    def of(cls, container: str, proc: Path = PROC) -> Copiers | None:
        """None where they are not on this machine."""
        own, daemons = [], []
        for process, words in processes(proc):
            if container.encode() in words:
                own.append(process)
            elif words[0].rpartition(b"/")[2] == DAEMON:
                daemons.append(process)
        return cls(tuple(own), tuple(daemons)) if own else None

    def look(self) -> Look:
        """As far as they have come."""
        return Look(used_s(self.own), threads(self.own), threads(self.daemons))


class Look(NamedTuple):
    """The processor time of the container's own copiers, threads that have ended included; their
    threads, and those of the daemons."""

    own_s: float
    own: Threads
    daemons: Threads


def copying_s(before: Look, after: Look, cores: Collection[int]) -> float:
    """Processor time on these cores, between two looks, that went into the container's output."""
    most_s = MOST_OF_DAEMON * max(after.own_s - before.own_s, 0.0)
    daemons_s = spent_s(before.daemons, after.daemons, cores)
    return spent_s(before.own, after.own, cores) + min(daemons_s, most_s)
