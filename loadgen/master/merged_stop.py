"""What several workers saw of a server that was told to end, as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from contract.result.stop import Stopped
from loadgen.master.merged_window import together

COUNTS = ("had", "had_lost", "came", "came_lost", "under_way")


def merge_stopped(of_workers: Sequence[Stopped | None]) -> Stopped | None:
    """None where it was not told to, or where a worker's part is missing."""
    parts = [one for one in of_workers if one]
    if not parts or len(parts) < len(of_workers):
        return None
    unsent: Counter[str] = Counter()
    ages: Counter[str] = Counter()
    for one in parts:
        unsent.update(one.unsent_ms)
        ages.update(one.under_way_ms or {})
    before = [one.had_under_way for one in parts if one.had_under_way is not None]
    return Stopped(
        told_ns=parts[0].told_ns,
        **{name: sum(getattr(one, name) for one in parts) for name in COUNTS},
        unsent_ms=dict(unsent),
        had_under_way=sum(before) if len(before) == len(parts) else None,
        under_way_ms=dict(ages),
        response=together([one.response for one in parts], 0.0),
    )
