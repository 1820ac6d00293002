"""In which order runs began, whatever the clock said.

A run is named after the time at which it began, and clocks are set back. So its manifest has a
`sequence`, one more than the highest of all runs beside it. Runs of before have none: they come
first, by name. Each folder of results counts by itself; where runs of several were put together,
two may have one number, and then the clock is what is left.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from contract.run_files import MANIFEST

SEQUENCE = "sequence"


def in_order(runs: Iterable[Path]) -> list[Path]:
    """Folders of runs, the oldest first: by their numbers; by their names where one number is that
    of several."""
    numbers = {run: sequence(run) for run in sorted(runs, key=lambda run: run.name)}
    if given_twice(numbers.values()):
        return list(numbers)
    return sorted(numbers, key=lambda run: numbers[run])


def given_twice(numbers: Iterable[int]) -> list[int]:
    """Those that several runs have: runs of one folder of results never do."""
    return [number for number, runs in Counter(numbers).items() if number and runs > 1]


def sequence(run: Path) -> int:
    """Number of the run in a folder; 0 if there is none, or no manifest that can be read: whoever
    opens the run says so."""
    try:
        found = json.loads((run / MANIFEST).read_text(encoding="utf-8"))[SEQUENCE]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return 0
    return found if isinstance(found, int) and found > 0 else 0


def next_sequence(results: Path) -> int:
    """The number of a run that begins now; `results` has a folder per experiment, with its runs."""
    return max((sequence(path.parent) for path in results.glob(f"*/*/{MANIFEST}")), default=0) + 1
