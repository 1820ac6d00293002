"""Work on columns, two at a time: numpy and pandas let go of Python's lock while they work."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Given = TypeVar("Given")
Found = TypeVar("Found")
THREADS = 2


def side_by_side(work: Callable[[Given], Found], items: Sequence[Given]) -> list[Found]:
    """What `work` makes of each item, in their order."""
    if len(items) < THREADS:
        return [work(item) for item in items]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, items))
