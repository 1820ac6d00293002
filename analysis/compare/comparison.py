"""Runs against runs: what changed, what is noise, and what cannot be told.

The first run is the base; every other one is compared with it, figure by figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.charts.palette import in_order
from analysis.compare.figures import CANNOT_TELL, CHANGED, WITHIN_NOISE, judged, pair
from analysis.compare.manifest_diff import Difference, differences
from analysis.compare.matching import check_alike, points
from analysis.compare.metrics import COUNTED, FIGURES, METRICS
from analysis.compare.wording import changed, in_words
from analysis.outcomes import causes
from analysis.records import unreadable_rows
from analysis.records.run import load
from analysis.statistics.noise_floor import warnings
from analysis.wording import listed, plural, server_name, share
from contract.exits import Exit, LabError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from analysis.records.run import Run

TOLERANCE = 0.1


@dataclass(frozen=True)
class Comparison:
    """Runs beside the first of them. `figures` has a row per run, point and metric: the
    columns of `compare_figures.pair` and `judged`, with `base`, `run` (their labels) and
    `text` (the verdict in words). `gating` names the metrics that must be known well
    enough for the comparison to pass, and `uncompared` the servers of which no figure could be
    compared with any run, each with the reason."""

    runs: tuple[Run, ...]
    labels: tuple[str, ...]
    figures: pd.DataFrame
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    tolerance: float
    gating: tuple[str, ...]
    uncompared: Mapping[str, str]

    @cached_property
    def regressions(self) -> pd.DataFrame:
        """The figures that got worse, by more than the tolerance, beyond noise."""
        changed = self.figures["word"] == CHANGED
        return self.figures[changed & (self.figures["worsening"] > self.tolerance)]

    @cached_property
    def unknown(self) -> pd.DataFrame:
        """The figures that the comparison stands on and cannot tell: too noisy to show
        a change of the tolerance, not measured, worse by more without being sure, or at
        least so long in a run that is compared."""
        blind = (self.figures["word"] == WITHIN_NOISE) & (self.figures["noise"] > self.tolerance)
        untold = self.figures["p"].isna() | (self.figures["worsening"] > self.tolerance)
        unsure = (self.figures["word"] == CANNOT_TELL) & (untold | (self.figures["low_here"] > 0))
        return self.figures[self.figures["metric"].isin(self.gating) & (blind | unsure)]

    @property
    def exit(self) -> Exit:
        """REGRESSED before CANNOT_TELL before OK."""
        if len(self.regressions):
            return Exit.REGRESSED
        if len(self.unknown) or self.uncompared or not len(self.figures):
            return Exit.CANNOT_TELL
        return Exit.OK

    @property
    def summary(self) -> str:
        """What was found, in two or three sentences."""
        if not len(self.figures):
            return "There is no figure that a valid trial of any run could tell."
        counts = self.figures["word"].value_counts()
        parts = [
            f"{int(counts[word]):,} {text}"
            for word, text in (
                (CHANGED, "changed"),
                (WITHIN_NOISE, "are within noise"),
                (CANNOT_TELL, "cannot be told"),
            )
            if word in counts
        ]
        return " ".join([f"Of {plural(len(self.figures), 'figure')}, {listed(parts)}.", self._end])

    @property
    def _end(self) -> str:
        limit = share(self.tolerance)
        if len(self.regressions):
            failing = int(self.regressions["metric"].isin(COUNTED).sum())
            more = f"; {failing:,} of them {'is' if failing == 1 else 'are'} of what failed"
            return (
                f"{plural(len(self.regressions), 'figure')} got worse by more than {limit}"
                f"{more if failing else ''}."
            )
        blind = self.unknown
        if not len(blind) and self.uncompared:
            names = listed([server_name(name) for name in self.uncompared])
            return f"Nothing of {names} was compared, so nothing is known of it."
        if not len(blind):
            return (
                f"None got worse by more than {limit}, and each that decides would have shown it."
            )
        text = f"None is known to have got worse by more than {limit}, but {len(blind):,} could not"
        absent = (blind["why"] != "") | blind["metric"].isin(COUNTED)
        absent |= (blind["low_base"] > 0) | (blind["low_here"] > 0)
        needed = blind.loc[~absent, "repeats"].to_numpy(dtype="float64")
        if absent.any():
            why = "void, failed, absent or of lower bounds"
            text = f"{text} show it ({int(absent.sum()):,} of them {why})"
        else:
            text = f"{text} show it"
        if not np.isfinite(needed).any():
            strays = bool((blind["stray"] > 0).any())
            why = ": servers follow a changed machine less alike than that, whatever the repeats"
            return f"{text}{why if strays else ''}."
        repeats = int(blind.loc[~absent, ["n_base", "n"]].to_numpy(dtype="int64").min())
        usual = int(np.nanmedian(needed))
        return f"{text}: {plural(repeats, 'repeat')}, about {max(usual, repeats + 1):,} are needed."


def compare(
    folders: Sequence[Path], tolerance: float = TOLERANCE, metrics: Sequence[str] = ()
) -> Comparison:
    """Compare the runs in `folders` with the first of them.

    `metrics` (default: all) limits the comparison, and then each of them decides.
    LabError(BAD_INPUT) if a run is unreadable or the runs are unlike.
    """
    if unknown := [name for name in metrics if name not in METRICS]:
        raise LabError(
            f"unknown metric {', '.join(unknown)}: choose from {', '.join(METRICS)}",
            Exit.BAD_INPUT,
        )
    runs = tuple(load(folder) for folder in folders)
    for run in runs:
        if not len(run.trials):
            raise LabError(f"{run.path}: no trial has finished: resume the run", Exit.NOT_READY)
    labels = labels_of(runs)
    check_alike(runs, labels)
    chosen = tuple(metrics) or tuple(METRICS)
    pairs = [
        pair(runs[0], run, chosen).assign(base=labels[0], run=label)
        for run, label in zip(runs[1:], labels[1:], strict=True)
    ]
    figures = judged(pd.concat(pairs, ignore_index=True), tolerance)
    figures["text"] = [in_words(row) for row in figures.to_dict("records")]
    uncompared = _uncompared(runs, figures)
    notes = [note for run in runs for note in unreadable_rows.notes(run)]
    notes += [*_shifts(figures), *_without_reference(runs, labels), *_void(runs)]
    notes += [
        f"Nothing of {server_name(server)} was compared: {why}."
        for server, why in uncompared.items()
    ]
    for run, label in zip(runs, labels, strict=True):
        if untold := causes.no_evidence(causes.causes(run.trials)):
            notes.append(f"{label}: {untold}.")
        notes += [f"{label}: {warning}" for warning in warnings(run.trials)]
    gating = tuple(metrics) or tuple(m.name for m in METRICS.values() if m.gates)
    return Comparison(
        runs,
        labels,
        figures,
        tuple(differences(runs)),
        tuple(notes),
        tolerance,
        (*gating, *COUNTED),
        uncompared,
    )


def labels_of(runs: Sequence[Run]) -> tuple[str, ...]:
    """The name of each run; its folder where names repeat."""
    names = [run.manifest.run or run.path.resolve().name for run in runs]
    if len(set(names)) == len(names):
        return tuple(names)
    return tuple(str(run.path) for run in runs)


def _shifts(figures: pd.DataFrame) -> list[str]:
    """What the reference trials of each run did, where they changed: it concerns every figure."""
    found = []
    for run, mine in figures.groupby("run", sort=False):
        beside = set(mine.loc[mine["beside"], "metric"])
        changes = [
            f"{changed(row)} ({FIGURES[row['metric']].title})"
            for row in mine[mine["reference"]].to_dict("records")
            if row["metric"] in beside or row["word"] == CHANGED
        ]
        if not changes:
            continue
        text = (
            f"The reference trials of {run} are {listed(changes)}: the machine changed, or "
            "something that all servers share."
        )
        if beside:
            text += " Figures told “beside the reference” are ratios to them, block by block."
        found.append(text)
    return found


def _without_reference(runs: Sequence[Run], labels: Sequence[str]) -> list[str]:
    return [
        f"{label} has no valid reference trial: what the machine itself changed is not known."
        for run, label in zip(runs, labels, strict=True)
        if not ((run.trials["sweep"] == "reference") & run.trials["valid"]).any()
    ]


def _uncompared(runs: Sequence[Run], figures: pd.DataFrame) -> dict[str, str]:
    """Servers that no run could be compared by, with the reason; those that the machine lacks what
    they need in all runs left out."""
    told = figures[np.isfinite(figures["p"]) | (figures["why"] == "")]
    compared = set(told.loc[told["metric"].isin(METRICS), "server"].astype(str))
    found = {}
    for server in in_order(runs[0].trials["server"].unique()):
        if server in compared:
            continue
        mine = [run.trials[run.trials["server"] == server] for run in runs]
        if not any(len(trials) for trials in mine) or all(causes.lacking(one) for one in mine):
            continue
        if all(one["traced"].fillna(False).all() for one in mine):
            continue  # its speeds mean nothing
        if any(one["valid"].any() for one in mine):
            found[server] = "none of its points has valid trials in two runs"
            continue
        first = str(mine[0]["reason"].astype("string").fillna("no reason given").mode().iloc[0])
        found[server] = f"all its trials are void in every run ({first})"
    return found


def _void(runs: Sequence[Run]) -> list[str]:
    """Points that no run can tell about."""
    tables = [points(run).table for run in runs]
    empty = [set(table.index[table["void"] == table["trials"]]) for table in tables]
    common = set.intersection(*empty)
    if not common:
        return []
    verb = "is" if len(common) == 1 else "are"
    return [f"{plural(len(common), 'point')} of {len(tables[0])} {verb} void in every run."]
