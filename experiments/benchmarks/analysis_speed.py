"""How quick analysis is: a report of 100,000 trials, a comparison of two large runs.

The records are made up by the tests' generator and analysed by the real command, each
in a process of its own, whose time and peak memory the kernel tells. A second report of
half the rows says whether time grows in proportion; and as machines differ, what the libraries
take by themselves is timed beside them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from contract.exits import Exit, LabError
from experiments.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

ROWS, HISTOGRAMS = 100_000, 1_000
COMPARED_BLOCKS, COMPARED_COPIES = 5, 20
"""Of each of the two runs compared: as many points as a run of every experiment has."""
C10K_BLOCKS = 3
READ = "import sys, pandas; pandas.read_csv(sys.argv[1])"
IMPORT = "import pandas, matplotlib.figure, scipy.special"
"""What a report cannot do without: to read its records, to import its libraries."""
GB = 2**30
KB = 1024


@dataclass(frozen=True, slots=True)
class Limit:
    """What a command may take, in seconds and bytes."""

    seconds: float
    bytes: int


REPORT, SMALL, COMPARE = Limit(15, GB * 3 // 2), Limit(3, 2 * GB), Limit(3, 2 * GB)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a command took: wall time, peak resident memory."""

    what: str
    seconds: float
    bytes: int
    limit: Limit | None = None

    @property
    def within(self) -> bool:
        """Whether the limit, if there is one, was kept."""
        limit = self.limit
        return limit is None or (self.seconds <= limit.seconds and self.bytes <= limit.bytes)


def bench_analysis(console: Console, rows: int = ROWS) -> Exit:
    """Make the records, time the commands, print a table; FAILED if a limit is exceeded."""
    folder = Path(tempfile.mkdtemp(prefix="c10k-lab-bench-analysis-"))
    try:
        console.print(f"making {rows:,} trials and half as many", highlight=False)
        whole = _made(folder / "whole", "rows", rows, HISTOGRAMS)
        half = _made(folder / "half", "rows", rows // 2, HISTOGRAMS)
        small = _made(folder / "c10k", "blocks", C10K_BLOCKS, 1)
        pair = [
            _made(folder / name, "points", COMPARED_BLOCKS, COMPARED_COPIES) for name in ("a", "b")
        ]
        taken = [
            _timed(f"report of {rows // 2:,} trials", _analysis("report", half)),
            _timed(f"report of {rows:,} trials", _analysis("report", whole), REPORT),
            _timed(f"pandas.read_csv of {rows:,} trials", ["-c", READ, whole / "trials.csv"]),
            _timed("report of a c10k run", _analysis("report", small), SMALL),
            _timed("import of its libraries", ["-c", IMPORT]),
            _timed("comparison of two large runs", _analysis("compare", *pair), COMPARE),
        ]
    finally:
        shutil.rmtree(folder)
    console.print(_table(taken))
    half_s, whole_s, read_s, small_s, import_s, _ = (one.seconds for one in taken)
    console.print(
        f"twice the trials take {whole_s / half_s:.2f} times as long; a large report takes "
        f"{whole_s / read_s:.1f} times what pandas takes to read its trials, a small one "
        f"{small_s / import_s:.1f} times what its libraries take to be imported",
        highlight=False,
    )
    return Exit.OK if all(one.within for one in taken) else Exit.FAILED


def _made(folder: Path, *what: object) -> Path:
    """A run of made-up records; the generator says what the words mean."""
    words = [sys.executable, "-m", "tests.support.large_data", str(folder), *map(str, what)]
    done = subprocess.run(  # noqa: S603 - this interpreter, our own module
        words, cwd=ROOT, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise LabError(f"the records could not be made: {done.stderr.strip()[-500:]}")
    return folder


def _analysis(*words: str | Path) -> list[str | Path]:
    return ["-m", "analysis", *words, "--json"]


def _timed(what: str, arguments: Sequence[str | Path], limit: Limit | None = None) -> Taken:
    """Run Python with these arguments to its end; LabError if it does not do its work."""
    words = [sys.executable, *map(str, arguments)]
    started = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
        words, cwd=ROOT, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    # A comparison of made-up runs may find what it likes; it has to have been made.
    if process.returncode not in (Exit.OK, Exit.REGRESSED, Exit.CANNOT_TELL):
        raise LabError(f"{what}: `{' '.join(words)}` ended with {process.returncode}")
    return Taken(what, seconds, usage.ru_maxrss * KB, limit)


def _table(taken: list[Taken]) -> Table:
    table = Table("", "seconds", "memory", "limit", "", box=None)
    for one in taken:
        limit = f"{one.limit.seconds:g} s, {one.limit.bytes / GB:g} GB" if one.limit else ""
        word = "" if one.limit is None else "kept" if one.within else "exceeded"
        table.add_row(one.what, f"{one.seconds:.1f}", f"{one.bytes / GB:.2f} GB", limit, word)
    return table
