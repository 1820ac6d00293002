"""In which order runs began, whatever the clock said.

A run is named after the time at which it began, and clocks are set back. So its manifest has a
`sequence`, one more than the highest of all runs beside it. Runs of before have none: they come
first, by name.
"""

from __future__ import annotations

import json
from pathlib import Path

from contract.run_files import MANIFEST

KEY = "sequence"


def begun(run: Path) -> tuple[int, str]:
    """A key by which folders of runs are sorted, the oldest first."""
    return sequence(run), run.name


def sequence(run: Path) -> int:
    """Of the run in a folder; 0 where there is none, or no manifest that can be read: whoever
    opens the run says so."""
    try:
        found = json.loads((run / MANIFEST).read_text(encoding="utf-8"))[KEY]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return 0
    return found if isinstance(found, int) and found > 0 else 0


def next_sequence(results: Path) -> int:
    """The number of a run that begins now; `results` has a folder per experiment, with its runs."""
    return max((sequence(path.parent) for path in results.glob(f"*/*/{MANIFEST}")), default=0) + 1
