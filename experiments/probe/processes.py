"""What the probe reads of the server's processes, beside it in its pid namespace."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

PROC = Path("/proc")
MOST_THREADS = 128
"""Reading each thread of thousands would take the load's core from it."""
MOST_WORKERS = 128
SIZED = os.stat(PROC / "self" / "fd").st_size > 0
"""Whether the size of /proc/PID/fd is how many there are: so since Linux 6.2."""
TOTALS = (
    *("processes", "threads", "rss_bytes", "fds"),
    *("context_switches", "voluntary_switches"),
)
GONE = (FileNotFoundError, PermissionError, ProcessLookupError)
"""Ended while it was being read; the dead show nobody their descriptors."""
ENDED = ("Z", "X")
"""States of what has ended and is still listed."""


def read_processes() -> dict[str, Any]:
    """Sums over the server's processes, and its workers' CPU time.

    Context switches: None with too many threads. Descriptors: None where those of a process are
    not shown, as it has become another user's.
    """
    totals: dict[str, int | None] = dict.fromkeys(TOTALS, 0)
    parents: dict[int, int] = {}
    own = os.getpid()
    for entry in os.scandir(PROC):
        if entry.name.isdigit() and int(entry.name) != own:
            try:
                parents[int(entry.name)] = add_process(PROC / entry.name, totals)
            except GONE:
                continue
    used = {str(pid): ns for pid, ns in _workers_cpu_ns(parents).items()}
    found: dict[str, Any] = {**totals, "worker_cpu_ns": used}
    if (totals["threads"] or 0) > MOST_THREADS:
        return found | {"context_switches": None, "voluntary_switches": None}
    return found


def _workers_cpu_ns(parents: dict[int, int]) -> dict[int, int]:
    """CPU time by process, of those that have no children, where there are several.

    What forks processes and waits for them is no worker. The kernel's own count, in ns,
    of the threads that are alive.
    """
    workers = sorted(parents.keys() - set(parents.values()))
    found: dict[int, int] = {}
    if 1 < len(workers) <= MOST_WORKERS:
        for pid in workers:
            try:
                threads = _of_threads(PROC / str(pid), "schedstat")
                found[pid] = sum(int(text.split()[0]) for text in threads)
            except GONE:
                continue
    return found


def add_process(path: Path, totals: dict[str, int | None]) -> int:
    """Add a process to the totals; returns its parent."""
    fds = _descriptors(path)  # first: the state that follows tells whether it had ended by then
    status = dict(
        line.split(":", 1) for line in (path / "status").read_text().splitlines() if ":" in line
    )
    if status.get("State", "").strip()[:1] in ENDED:
        raise ProcessLookupError(f"{path}: it has ended")
    found = {
        "processes": 1,
        "threads": int(status["Threads"]),
        "rss_bytes": int(status.get("VmRSS", "0 kB").split()[0]) * 1_024,
        "fds": fds,
        **_switches(path, int(status["Threads"])),
    }
    for name, more in found.items():
        so_far = totals[name]
        totals[name] = None if so_far is None or more is None else so_far + more
    return int(status["PPid"])


def _descriptors(path: Path) -> int | None:
    """How many it has open; None where it shows them to its own user alone, or has ended.

    To list 100,000 takes a core for 60 ms, at the edge of a window; the folder's size is there.
    """
    if SIZED and path.is_relative_to(PROC):
        return os.stat(path / "fd").st_size
    try:
        return len(os.listdir(path / "fd"))
    except PermissionError:
        return None


def _switches(path: Path, threads: int) -> dict[str, int]:
    """Context switches of all its threads, unless they are too many."""
    found = {"context_switches": 0, "voluntary_switches": 0}
    if threads <= MOST_THREADS:
        for text in _of_threads(path, "status"):
            for line in text.splitlines():
                if "ctxt_switches" in line:
                    count = int(line.split()[1])
                    found["context_switches"] += count
                    found["voluntary_switches"] += count if line.startswith("vol") else 0
    return found


def _of_threads(path: Path, name: str) -> Iterator[str]:
    """That file of each thread of a process, but of those that end meanwhile."""
    for task in os.scandir(path / "task"):
        with suppress(*GONE):
            yield Path(task.path, name).read_text()


def connections_held(workers: Iterable[int], inodes: Iterable[int]) -> dict[int, int]:
    """How many of these sockets each worker holds; nothing where one does not show its own."""
    names = {f"socket:[{inode}]" for inode in inodes}
    found: dict[int, int] = {}
    for pid in workers:
        held = 0
        try:
            for link in os.scandir(PROC / str(pid) / "fd"):
                held += os.readlink(link.path) in names
        except PermissionError:
            return {}
        except GONE:
            continue
        found[pid] = held
    return found
