"""Two made-up runs beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from analysis.compare.comparison import RunComparison, compare
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.failing_runs import Change


@pytest.fixture
def compared(tmp_path: Path) -> Callable[..., RunComparison]:
    def run(first: Change, second: Change, repeats: int = 10, **options: Any) -> RunComparison:
        folders = []
        for name, seed, change in (("a", 1, first), ("b", 2, second)):
            frame = made.trials(repeats, seed=seed, noise=0.02)
            change(frame)
            folders.append(made.write_run(tmp_path / name, frame, run=name))
        return compare(folders, **options)

    return run
