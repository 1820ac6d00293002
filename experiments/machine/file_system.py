"""What the engine spends on the files of a container, where its file system is a program.

An engine without root, or on a kernel without overlays, may have fuse-overlayfs: a process for
each container that does all reading and writing of its files, so that a server which writes a line
for each request keeps a second program busy. Its last argument is the folder where the container's
files are mounted. Other drivers are in the kernel, where the server's own account has their time.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from experiments.machine.thread_times import PROC, Threads, processes, spent_s, threads

NAME = b"fuse-overlayfs"


class FileSystem:
    """The process that serves the files which are mounted at a folder, and its time up to now."""

    def __init__(self, process: Path) -> None:
        self._process = process
        self._before: Threads = threads([process])

    @classmethod
    def at(cls, mounted: str, proc: Path = PROC) -> FileSystem | None:
        """None where there is no such process on this machine."""
        for process, words in processes(proc):
            if words[0].rpartition(b"/")[2] == NAME and words[-1] == mounted.encode():
                return cls(process)
        return None

    def spent_s(self, cores: Collection[int]) -> float:
        """Processor time on these cores since it was found."""
        return spent_s(self._before, threads([self._process]), cores)
