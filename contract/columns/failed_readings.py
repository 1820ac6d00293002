"""Readings that failed and left a value all the same: such a cell of `trials.csv` is empty.

A process that runs has memory, threads and descriptors, and a request costs processor time, so
nought is what a counter says that nobody could read. A list of fewer workers than the server was
to have is that of those who were left, or could be read: what the others had is not known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

NEVER_NOUGHT = (
    *("server_cpu_us_per_request", "server_rss_bytes", "server_rss_idle_bytes"),
    *("server_threads", "server_processes", "server_fds"),
    *("generator_rss_idle_bytes", "generator_rss_bytes"),
    *("kernel_slab_idle_bytes", "kernel_slab_bytes"),
    *("segments_out_per_response", "syscalls_per_request", "accept_queue_limit"),
)
WORKERS = "workers"
"""The setting that says how many the server was to have."""
BY_WORKER = ("worker_connections", "worker_cpu_shares", "worker_accepts")
"""Columns with a JSON list of numbers, one for each worker process."""


def too_few(cell: str, workers: float) -> bool:
    """Whether a list is of fewer than so many workers."""
    return len(json.loads(cell)) < workers


def failed_readings(row: Mapping[str, Any]) -> list[str]:
    """The columns of a row, by name, that a reading which failed has filled."""
    found = [name for name in NEVER_NOUGHT if row.get(name) == 0]
    if workers := row.get(WORKERS):
        found += [name for name in BY_WORKER if row.get(name) and too_few(row[name], workers)]
    return found
