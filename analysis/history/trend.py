"""The trend over many runs of one experiment: every server through all of them.

A server's figure in a run is the geometric mean over its points of what each is
beside the same point in the first run, so points of different size count alike.
Its interval is Welch's t over the blocks of both runs (`analysis.statistics.estimates.beside`), and
the first run has none. What a server failed, and what of its requests ended in errors or had no
answer, is in no ratio: it stands beside them, and a server of which no point was measured in every
run is named.
A ratio of times that are lower bounds is one itself where this run has them, and an upper one where
the first has.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.charts.palette import in_order
from analysis.compare.log_ratios import logarithms, lower_bounds
from analysis.compare.manifest_diff import differences
from analysis.compare.matching import KEY, points
from analysis.compare.metrics import METRICS
from analysis.outcomes import goodput
from analysis.outcomes.causes import Causes, causes
from analysis.outcomes.failures import of_run
from analysis.records import unreadable_rows
from analysis.records.run import load
from analysis.statistics.estimates import beside
from analysis.statistics.noise_floor import noise_floor
from analysis.wording import listed, plural, server_name
from contract.exits import Exit, LabError
from contract.run_order import sequence

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.records.run import Run
    from contract.csv_check import LeftOut

SHOWN = ("requests_per_s", "server_cpu_us_per_request", "response_p99_us")
LEAST_RUNS = 2


@dataclass(frozen=True, slots=True)
class Trend:
    """Runs of one experiment in the order in which they began.

    `runs` has a row per run: `run`, `started_at`, `trials`, `void`, `noise` (its A/A
    floor, a share), `commit`, `kernel`, `changed` (conditions that differ from the run
    before, in words). `figures` has a row per run, server and metric of SHOWN: `ratio`
    to the first run with `low` and `high`, `points` that it stands on, the trials that the
    server `failed` of those `counted` in the run, its `error_share` and `unanswered_share`, and
    whether it is made of lower bounds of the first run (`low_base`) or this one (`low_here`).
    `notes` says what was left out and why, `spoiled` which rows, by run.
    """

    name: str
    runs: pd.DataFrame
    figures: pd.DataFrame
    notes: tuple[str, ...]
    spoiled: dict[str, tuple[LeftOut, ...]]


def history(folder: Path) -> Trend:
    """The runs in `folder` (results/EXPERIMENT). LabError(BAD_INPUT) if there is no such
    folder, LabError(NOT_READY) if it holds fewer than two runs with valid trials."""
    if not folder.is_dir():
        raise LabError(f"{folder}: no such folder: expected results/EXPERIMENT", Exit.BAD_INPUT)
    runs, notes = _readable(folder)
    if len(runs) < LEAST_RUNS:
        raise LabError(
            "\n".join(
                [
                    f"{folder}: {plural(len(runs), 'run')} with valid trials: a trend needs "
                    f"{LEAST_RUNS}; run the experiment again",
                    *notes,
                ]
            ),
            Exit.NOT_READY,
        )
    measured = [set(logarithms(run).index.get_level_values(KEY)) for run in runs]
    common, most = set.intersection(*measured), len(set.union(*measured))
    if not common:
        raise LabError(
            f"{folder}: no point was measured in all {len(runs)} runs: the experiment file has "
            "changed; move the runs of the older one elsewhere",
            Exit.BAD_INPUT,
        )
    if len(common) < most:
        notes.append(
            f"{len(common)} of {most} points were measured in every run; the rest is left out."
        )
    spoiled = {run.path.name: run.spoiled for run in runs if run.spoiled}
    figures = _figures(runs, sorted(common))
    notes += _absent(runs, set(figures["server"]))
    return Trend(runs[0].name, _runs(runs), figures, tuple(notes), spoiled)


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
        if run.trials["valid"].any():
            runs.append(run)
        else:
            why = of_run(run.trials)
            notes.append(f"{manifest.parent.name} is left out: it has no valid trial ({why})")
    return sorted(runs, key=_began), notes


def _began(run: Run) -> tuple[int, pd.Timestamp]:
    """The clock tells only runs apart that have no sequence."""
    return sequence(run.path), run.trials["started_at"].min()


def _runs(runs: list[Run]) -> pd.DataFrame:
    rows = []
    for before, run in zip([runs[0], *runs], runs, strict=False):
        noise = noise_floor(run.trials)
        rows.append(
            {
                "run": run.path.name,
                "started_at": run.trials["started_at"].min(),
                "trials": len(run.trials),
                "void": int((~run.trials["valid"]).sum()),
                "noise": noise.floor if noise else np.nan,
                "commit": (run.manifest.git_commit or "")[:12],
                "kernel": run.manifest.kernel.release or "",
                "changed": "; ".join(one.text for one in differences([before, run])),
            }
        )
    return pd.DataFrame(rows)


def _figures(runs: list[Run], keys: list[str]) -> pd.DataFrame:
    first = logarithms(runs[0]).groupby(level=KEY).mean()
    servers = points(runs[0]).table["server"]
    rows, base = [], dict[str, pd.DataFrame]()
    low_base = _low(runs[0], keys)
    for run in runs:
        failing, silent, low_here = _causes(run), _silent(run), _low(run, keys)
        logs = logarithms(run)
        logs = logs[logs.index.get_level_values(KEY).isin(keys)]
        moved = logs - first.reindex(logs.index.get_level_values(KEY)).to_numpy()
        groups = moved.groupby(servers.reindex(logs.index.get_level_values(KEY)).to_numpy())
        for server, mine in groups:
            per_block = mine.groupby(level="block").mean()
            first_of = base.setdefault(str(server), per_block)
            for metric in SHOWN:
                found = beside(per_block[metric].to_numpy(), first_of[metric].to_numpy())
                if first_of is per_block:
                    found = replace(found, low=np.nan, high=np.nan)
                rows.append(
                    {
                        "run": run.path.name,
                        "server": str(server),
                        "metric": metric,
                        "ratio": found.value,
                        "low": found.low,
                        "high": found.high,
                        "blocks": found.n,
                        "points": mine.index.get_level_values(KEY).nunique(),
                        "failed": failing[str(server)].failed,
                        "counted": failing[str(server)].counted,
                        **silent[str(server)],
                        "low_base": bool(low_base[metric].get(server, False)),
                        "low_here": bool(low_here[metric].get(server, False)),
                    }
                )
    return pd.DataFrame(rows)


def _causes(run: Run) -> dict[str, Causes]:
    """What became of each server's trials."""
    groups = run.trials.groupby(run.trials["server"].astype(str))
    return {str(server): causes(mine) for server, mine in groups}


def _silent(run: Run) -> dict[str, dict[str, float]]:
    """Each server's shares of errors and of missing answers."""
    found = {}
    for server, mine in run.trials.groupby(run.trials["server"].astype(str)):
        shares = goodput.of_all(mine)
        found[str(server)] = {name: shares[name] for name in (goodput.ERRORS, goodput.UNANSWERED)}
    return found


def _low(run: Run, keys: list[str]) -> pd.DataFrame:
    """By server, which metrics are lower bounds in any trial of these points."""
    flags = lower_bounds(run).reindex(keys) > 0
    return flags.groupby(points(run).table["server"].reindex(keys).astype(str).to_numpy()).any()


def _absent(runs: list[Run], shown: set[str]) -> list[str]:
    """Servers that the trend has nothing of, with what they failed."""
    by_run = [(run.path.name, _causes(run)) for run in runs]
    notes = []
    for server in in_order({name for _, found in by_run for name in found} - shown):
        failing = [
            f"{found[server].failed:,} of {plural(found[server].counted, 'trial')} in {name}"
            for name, found in by_run
            if server in found and found[server].failed
        ]
        told = f"; it failed in {listed(failing)}" if failing else ""
        notes.append(
            f"{server_name(server)} is left out: no point of it was measured in every run{told}."
        )
    return notes


def titles() -> list[str]:
    """What the panels of the picture show, in the order of SHOWN."""
    return [METRICS[name].title for name in SHOWN]
