"""What the kernel grants this load worker: its cores, and whether a quota holds it back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from contract.granted import folder, held_back, processor

OWN = Path("/proc/self/cgroup")


class Confined:
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

    def told(self) -> dict[str, Any]:
        """`cores` that it may use now, `cpu_quota` (in cores; None: none) and in the window the
        `throttled_periods` and `throttled_ns` in which it waited for its quota's next period.
        """
        given = processor(self._at)
        quota_us = given["quota_us"]
        return {
            "cores": sorted(os.sched_getaffinity(0)),
            "cpu_quota": None if quota_us is None else quota_us / given["period_us"],
            **{name: self._after[name] - before for name, before in self._before.items()},
        }
