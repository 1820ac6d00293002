"""What the kernel grants this load worker: its cores, and whether a quota holds it back."""

from __future__ import annotations

import os
from pathlib import Path

from contract.granted import folder, held_back, processor
from contract.result.load_side import Grant

OWN = Path("/proc/self/cgroup")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def machine() -> str:
    """Which one this is, the same for all that run on it: the boot of its kernel."""
    return BOOT_ID.read_text().strip()


class Confinement:
    """Counts from `open` to `close`, which are the edges of the window."""

    def __init__(self) -> None:
        self._at = folder(membership=OWN.read_text())
        self._before = self._after = held_back(self._at)

    def open(self) -> None:
        """Begin to count."""
        self._before = self._after = held_back(self._at)

    def close(self) -> None:
        """Count no further."""
        self._after = held_back(self._at)

    def grant(self) -> Grant:
        """What it has now, and how its quota held it back in the window."""
        given = processor(self._at)
        quota_us = given["quota_us"]
        held = {name: self._after[name] - before for name, before in self._before.items()}
        return Grant(
            machine=machine(),
            cores=tuple(sorted(os.sched_getaffinity(0))),
            cpu_quota=None if quota_us is None else quota_us / given["period_us"],
            throttled_periods=held["throttled_periods"],
            throttled_ns=held["throttled_ns"],
        )
