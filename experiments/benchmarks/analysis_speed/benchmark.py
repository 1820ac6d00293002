"""`make bench-analysis`: how long reports and comparisons take, and how much memory.

Each command runs in a process of its own, of which the kernel tells time and peak memory. Beside
each, pandas alone reads the same file: machines differ, the ratio does so less. Runs of c10k and of
`all` are the newest whole ones in results/; one that is not there is made up, without histograms.
The large run is made up, and has the histograms of the real c10k run, if there is one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from contract.exits import Exit, LabError
from experiments.benchmarks.analysis_speed.made_up_run import write_run
from experiments.paths import RESULTS, ROOT
from experiments.plan.experiment_file import find, read
from experiments.plan.trials import plan
from experiments.records.run_folder import TRIALS

ROWS, DETAILS = 100_000, 1_000
READ = "import sys, pandas; [pandas.read_csv(path) for path in sys.argv[1:]]"
GROWTH = 2.2
"""Ratio of times as the rows are doubled: linear, and a tenth for chance."""
GB = 2**30
KB = 1024
MOST_BYTES = GB * 3 // 2
MADE_UP = " (made up)"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a command took: wall time, peak resident memory; `read_s`: pandas alone."""

    what: str
    seconds: float
    bytes: int
    read_s: float
    most_s: float | None = None

    @property
    def within(self) -> bool:
        """Whether the limits, if it has any, were kept."""
        return self.most_s is None or (self.seconds <= self.most_s and self.bytes <= MOST_BYTES)


def bench_analysis(console: Console, rows: int = ROWS) -> Exit:
    """Get the runs, time the commands, print a table; FAILED if a limit is exceeded."""
    folder = Path(tempfile.mkdtemp(prefix="c10k-lab-bench-analysis-"))
    try:
        console.print(f"making {rows:,} trials and half as many", highlight=False)
        small, of_small = _run_of("c10k", folder)
        result, c10k = _largest_result(small), read(find("c10k"))
        details = DETAILS if result else 0
        half = write_run(folder / "half", "c10k", c10k, rows // 2, result, details)
        whole = write_run(folder / "whole", "c10k", c10k, rows, result, details)
        large, of_large = _run_of("all", folder)
        other = write_run(folder / "other", "all", read(find("all")))
        same = large if of_large else write_run(folder / "same", "all", read(find("all")))
        taken = [
            _measured(f"report of a c10k run{of_small}", "report", [small], 3),
            _measured(f"report of an all run{of_large}", "report", [large], 6),
            _measured("comparison of two all runs (made up)", "compare", [same, other], 3),
            _measured(f"report of {rows // 2:,} trials{MADE_UP}", "report", [half]),
            _measured(f"report of {rows:,} trials{MADE_UP}", "report", [whole], 15),
        ]
    finally:
        shutil.rmtree(folder)
    console.print(_table(taken))
    growth = taken[-1].seconds / taken[-2].seconds
    console.print(
        f"twice the trials take {growth:.2f} times as long; at most {GROWTH}", highlight=False
    )
    return Exit.OK if growth <= GROWTH and all(one.within for one in taken) else Exit.FAILED


def _run_of(name: str, folder: Path) -> tuple[Path, str]:
    """A copy of the newest whole run of an experiment, or a made-up one; says if it is."""
    experiment = read(find(name))
    whole = len(plan(experiment))
    for run in sorted((RESULTS / name).glob(f"*/{TRIALS}"), reverse=True):
        with run.open("rb") as file:
            if sum(1 for _ in file) > whole:
                return Path(shutil.copytree(run.parent, folder / name)), ""
    return write_run(folder / name, name, experiment), MADE_UP


def _largest_result(run: Path) -> bytes:
    """What one trial of it left, histograms and all; empty of a run that was made up."""
    found = max(
        run.glob("trials/*/result.json"), key=lambda path: path.stat().st_size, default=None
    )
    return found.read_bytes() if found else b""


def _measured(what: str, command: str, runs: Sequence[Path], most_s: float | None = None) -> Taken:
    """A command of the analysis about these runs, and pandas reading their trials."""
    files = [run / TRIALS for run in runs]
    read_s, _ = _timed(what, ["-c", READ, *files])
    seconds, peak = _timed(what, ["-m", "analysis", command, *runs, "--json"])
    return Taken(what, seconds, peak, read_s, most_s)


def _timed(what: str, arguments: Sequence[str | Path]) -> tuple[float, int]:
    """Run Python with these arguments to its end; seconds and bytes. LabError if it fails."""
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
    return seconds, usage.ru_maxrss * KB


def _table(taken: list[Taken]) -> Table:
    table = Table("", "seconds", "pandas", "ratio", "memory", "at most", "", box=None)
    for one in taken:
        limit = f"{one.most_s:g} s, {MOST_BYTES / GB:g} GB" if one.most_s else ""
        word = "" if one.most_s is None else "kept" if one.within else "exceeded"
        table.add_row(
            *(one.what, f"{one.seconds:.1f}", f"{one.read_s:.1f}"),
            *(f"{one.seconds / one.read_s:.1f}", f"{one.bytes / GB:.2f} GB", limit, word),
        )
    return table
