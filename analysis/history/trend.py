"""The trend over many runs of one experiment: every server through all of them.

A server's figure in a run is the geometric mean, over its points, of the ratios to the same points
in the first run, so points of different size count alike, however many of their trials are left.
Its interval is Welch's t over the blocks of both runs (`analysis.statistics.estimates.beside`); the
first run has none. Nor has a figure that more than one in ten of a point's trials lack, in either
run, or of which more than half say nothing of the server: the others may be the better ones. What a
server failed, and what of its requests ended in errors or had no answer, is in no ratio: it stands
beside them. A ratio of times is a lower bound where this run's times are, and an upper bound where
the first run's are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.charts.palette import in_order
from analysis.compare.log_ratios import logarithms
from analysis.compare.manifest_diff import differences
from analysis.compare.matching import KEY, points
from analysis.history.runs_in_order import OLDER_FILE, began, runs_in_order
from analysis.history.trend_figures import not_in_ratios, trend_figures
from analysis.records.run import Run
from analysis.statistics.noise_floor import noise_floor
from analysis.wording import listed, plural, server_name
from contract.columns.csv_check import LeftOut
from contract.exits import Exit, LabError


@dataclass(frozen=True, slots=True)
class Trend:
    """Runs of one experiment in the order in which they began.

    `runs` has a row per run: `run`, `started_at`, `trials`, `void`, `noise` (its A/A floor, a
    share), `commit`, `changed` (conditions that differ from the run before, in words). `figures`
    has the fields of `TrendFigure`, `notes` says what was left out and why, `spoiled` has the rows
    left out, by run.
    """

    name: str
    runs: pd.DataFrame
    figures: pd.DataFrame
    notes: tuple[str, ...]
    spoiled: dict[str, tuple[LeftOut, ...]]


def history(folder: Path) -> Trend:
    """The runs in `folder` (results/EXPERIMENT). LabError(BAD_INPUT) if there is no such
    folder, or if its runs have no point or no length of windows in common, LabError(NOT_READY) if
    it holds fewer than two runs that measured anything."""
    if not folder.is_dir():
        raise LabError(f"{folder}: no such folder: expected results/EXPERIMENT", Exit.BAD_INPUT)
    runs, notes = runs_in_order(folder)
    measured = [set(logarithms(run).index.get_level_values(KEY)) for run in runs]
    common, most = set.intersection(*measured), len(set.union(*measured))
    if not common:
        asked = set.intersection(*(set(points(run).table.index) for run in runs))
        why = (
            "what was asked in all was not measured in some; move those elsewhere"
            if asked
            else OLDER_FILE
        )
        raise LabError(
            f"{folder}: no point was measured in all {len(runs)} runs: {why}", Exit.BAD_INPUT
        )
    if len(common) < most:
        notes.append(
            f"{len(common)} of {most} points were measured in every run; the others are left out."
        )
    spoiled = {run.path.name: run.spoiled for run in runs if run.spoiled}
    figures = trend_figures(runs, sorted(common))
    notes += _absent(runs, set(figures["server"]))
    return Trend(runs[0].name, _runs(runs), figures, tuple(notes), spoiled)


def _runs(runs: list[Run]) -> pd.DataFrame:
    rows = []
    for before, run in zip([runs[0], *runs], runs, strict=False):
        noise = noise_floor(run.trials)
        rows.append(
            {
                "run": run.path.name,
                "started_at": began(run),
                "trials": len(run.trials),
                "void": len(run.void),
                "noise": noise.floor if noise else np.nan,
                "commit": (run.manifest.git_commit or "")[:12],
                "changed": "; ".join(one.text for one in differences([before, run])),
            }
        )
    return pd.DataFrame(rows)


def _absent(runs: list[Run], shown: set[str]) -> list[str]:
    """Servers that have no figure in the trend, with the trials that they failed."""
    by_run = [(run.path.name, not_in_ratios(run)) for run in runs]
    notes = []
    for server in in_order({name for _, servers in by_run for name in servers} - shown):
        failures = [
            f"{mine.failed:,} of {plural(mine.counted, 'trial')} in {name}"
            for name, servers in by_run
            if (mine := servers.get(server)) and mine.failed
        ]
        failed = f"; it failed in {listed(failures)}" if failures else ""
        notes.append(
            f"{server_name(server)} is left out: no point of it was measured in every run{failed}."
        )
    return notes
