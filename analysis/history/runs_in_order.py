"""The runs that a trend is drawn of, in the order in which they began.

What cannot stand beside the first of them is left out, and named: what cannot be read, what
measured nothing, and runs whose windows are of another length.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pandas as pd

from analysis.compare.matching import unlike_windows
from analysis.failures import by_word
from analysis.records import unreadable_rows
from analysis.records.run import Run, load
from analysis.wording import listed, named, plural
from contract.exits import Exit, LabError
from contract.run_order import given_twice, sequence

LEAST_RUNS = 2
OLDER_FILE = "the experiment file has changed; move the runs of the older one elsewhere"
ONE_NUMBER = (
    "{runs} have one `sequence` ({number}), as no runs of one folder of results have: runs were "
    "brought here from elsewhere, and all stand in the order of the clock."
)
AGAINST_THE_CLOCK = (
    "By the clock {pairs}; runs stand in the order of `sequence`, which holds where a clock was "
    "set back, and does not where runs were brought here from another folder of results, which "
    "counts by itself."
)


def runs_in_order(folder: Path) -> tuple[list[Run], list[str]]:
    """The runs in `folder` (results/EXPERIMENT), and what is to be said of them.
    LabError(NOT_READY) if fewer than two measured anything, LabError(BAD_INPUT) if no other is like
    the first of them."""
    runs, notes = _readable(folder)
    if len(runs) < LEAST_RUNS:
        needed = (
            f"{folder}: {plural(len(runs), 'run')} that measured anything: a trend needs "
            f"{LEAST_RUNS}; run the experiment again"
        )
        raise LabError("\n".join([needed, *notes]), Exit.NOT_READY)
    runs, of_order = _in_order(runs)
    runs, of_windows = _alike(runs)
    notes += [*of_order, *of_windows]
    if len(runs) < LEAST_RUNS:
        refused = f"{folder}: no other run can stand beside {runs[0].path.name}: {OLDER_FILE}"
        raise LabError("\n".join([refused, *notes]), Exit.BAD_INPUT)
    return runs, notes


def began(run: Run) -> pd.Timestamp:
    """When its first trial did, by the clock."""
    first: pd.Timestamp = run.trials["started_at"].min()
    return first


def _readable(folder: Path) -> tuple[list[Run], list[str]]:
    runs, notes = [], []
    for manifest in sorted(folder.glob("*/manifest.json")):
        if manifest.parent.is_symlink():
            continue
        try:
            run = load(manifest.parent)
        except LabError as error:
            notes.append(f"{manifest.parent.name} is left out: {str(error).splitlines()[0]}")
            continue
        notes += unreadable_rows.notes(run)
        if run.unfinished:
            notes.append(f"{manifest.parent.name}: {run.unfinished}.")
        if run.trials["measured"].any():
            runs.append(run)
        else:
            why = by_word(run.trials) or "no trial has finished"
            notes.append(f"{manifest.parent.name} is left out: nothing in it was measured ({why})")
    return runs, notes


def _in_order(runs: list[Run]) -> tuple[list[Run], list[str]]:
    """By their sequence; by the clock where they have none, or where several have one."""
    by_clock = sorted(runs, key=began)
    numbers = {run: sequence(run.path) for run in by_clock}
    if twice := given_twice(numbers.values()):
        same = [run.path.name for run in by_clock if numbers[run] == twice[0]]
        return by_clock, [ONE_NUMBER.format(runs=listed(same), number=twice[0])]
    by_number = sorted(by_clock, key=lambda run: numbers[run])
    pairs = [
        f"{after.path.name} began before {before.path.name}"
        for before, after in pairwise(by_number)
        if began(after) < began(before)
    ]
    return by_number, [AGAINST_THE_CLOCK.format(pairs=named(pairs))] if pairs else []


def _alike(runs: list[Run]) -> tuple[list[Run], list[str]]:
    """Those whose windows are as long as in the first run, at the points that both have."""
    first, *others = runs
    kept, notes = [first], []
    for run in others:
        unlike = unlike_windows((first, first.path.name), (run, run.path.name))
        if unlike:
            notes.append(f"{run.path.name} is left out: {unlike}.")
        else:
            kept.append(run)
    return kept, notes
