"""A window second by second, as the server's side saw it: for the timeline of a trial."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

LABELS = ("open", "second", "close")
COUNTERS = ("listen_overflows", "listen_drops", "retransmits", "resets")
GAUGES = ("rss_bytes", "threads", "accept_queue", "accept_queue_max", "kernel_socket_bytes")


def server_series(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row between each two samples: moments in s from the first, counts of the time between.

    `cpu_s` is the server's CPU time in it; `accept_queue_max` the deepest accept queue that was
    seen in it; the other gauges are of its end. Empty where no window was measured.
    """
    inside = [sample for sample in samples if sample["label"] in LABELS]
    return [
        {
            "from_s": round((before["at_ns"] - inside[0]["at_ns"]) / 1e9, 4),
            "to_s": round((after["at_ns"] - inside[0]["at_ns"]) / 1e9, 4),
            "cpu_s": round((after["cpu_ns"] - before["cpu_ns"]) / 1e9, 6),
            **{name: after[name] - before[name] for name in COUNTERS},
            **{name: after[name] for name in GAUGES},
        }
        for before, after in pairwise(inside)
    ]
