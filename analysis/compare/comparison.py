"""Runs against runs: what changed, what is noise, and what the runs cannot tell.

The first run is the base; every other one is compared with it, figure by figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from analysis.compare.compared_figure import compared_figures
from analysis.compare.judgement import judged
from analysis.compare.manifest_diff import Difference, differences
from analysis.compare.matching import check_alike
from analysis.compare.metrics import CANNOT_TELL, CHANGED, FAILURES, METRICS, WITHIN_NOISE
from analysis.compare.notes import notes, uncompared
from analysis.compare.ratios import ratios
from analysis.compare.summary import summary
from analysis.compare.wording import in_words
from analysis.records.run import Run, load
from contract.compared import TOLERANCE
from contract.exits import Exit, LabError


@dataclass(frozen=True)
class RunComparison:
    """Runs beside the first of them.

    `names` are those of the runs. `figures` has a row per run, point and metric: the fields of
    `ComparedFigure` and `text`, the verdict in words. `gating` are the metrics that must be known
    well enough for the comparison to pass; `uncompared` of what no figure was
    compared (servers, or points), each with the reason; `unfinished` the names of the runs that
    lack trials: what these would show is not known. Two servers `of_one_run` are compared like
    runs.
    """

    runs: tuple[Run, ...]
    names: tuple[str, ...]
    figures: pd.DataFrame
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    tolerance: float
    gating: tuple[str, ...]
    uncompared: Mapping[str, str]
    unfinished: tuple[str, ...] = ()
    of_one_run: bool = False

    @cached_property
    def regressions(self) -> pd.DataFrame:
        """The figures that got worse, by more than the tolerance, beyond noise."""
        changed = self.figures["word"] == CHANGED
        return self.figures[changed & (self.figures["worsening"] > self.tolerance)]

    @property
    def unknown(self) -> pd.DataFrame:
        """The gating figures that may hide a regression."""
        return self.hiding[self.hiding["metric"].isin(self.gating)]

    @cached_property
    def hiding(self) -> pd.DataFrame:
        """The figures that may hide a regression: too noisy to show a change of the tolerance,
        not measured, worse by more without being sure, or a lower bound in the run that is
        compared."""
        noisy = (self.figures["word"] == WITHIN_NOISE) & (self.figures["noise"] > self.tolerance)
        open_ = self.figures["p"].isna() | (self.figures["worsening"] > self.tolerance)
        unsure = (self.figures["word"] == CANNOT_TELL) & (open_ | (self.figures["low_here"] > 0))
        return self.figures[noisy | unsure]

    @property
    def summary(self) -> str:
        """What the comparison says, in two or three sentences."""
        return summary(
            self.figures,
            self.regressions,
            self.hiding,
            self.gating,
            self.uncompared,
            self.unfinished,
            self.tolerance,
        )

    @property
    def exit(self) -> Exit:
        """REGRESSED before CANNOT_TELL before OK."""
        if len(self.regressions):
            return Exit.REGRESSED
        if len(self.unknown) or self.uncompared or self.unfinished or not len(self.figures):
            return Exit.CANNOT_TELL
        return Exit.OK


def compare(
    folders: Sequence[Path], tolerance: float = TOLERANCE, metrics: Sequence[str] = ()
) -> RunComparison:
    """Compare the runs in `folders` with the first of them.

    `metrics` (default: all) limits the comparison, and then each of them decides.
    LabError(BAD_INPUT) if a run is unreadable, given twice, or unlike the others.
    """
    if unknown := [name for name in metrics if name not in METRICS]:
        raise LabError(
            f"unknown metric {', '.join(unknown)}: choose from {', '.join(METRICS)}",
            Exit.BAD_INPUT,
        )
    runs = tuple(load(folder) for folder in folders)
    _check_distinct(runs)
    for run in runs:
        if not len(run.trials):
            raise LabError(f"{run.path}: no trial has finished: resume the run", Exit.NOT_READY)
    names = names_of(runs)
    check_alike(runs, names)
    pairs = [
        ratios(runs[0], run, metrics or tuple(METRICS)).assign(base=names[0], run=name)
        for run, name in zip(runs[1:], names[1:], strict=True)
    ]
    figures = judged(pd.concat(pairs, ignore_index=True), tolerance)
    figures["text"] = [in_words(figure) for figure in compared_figures(figures)]
    missing = uncompared(runs, figures)
    gating = metrics or [metric.name for metric in METRICS.values() if metric.gates]
    return RunComparison(
        runs,
        names,
        figures,
        tuple(differences(runs)),
        tuple(notes(runs, names, figures, missing)),
        tolerance,
        (*gating, *FAILURES),
        missing,
        tuple(name for run, name in zip(runs, names, strict=True) if run.unfinished),
    )


def _check_distinct(runs: Sequence[Run]) -> None:
    """LabError(BAD_INPUT) where two paths lead to one run: beside itself nothing got worse."""
    given: dict[Path, Path] = {}
    for run in runs:
        folder = run.path.resolve()
        if folder in given:
            raise LabError(
                f"{given[folder]} and {run.path} are the same run, {folder}: name two runs by "
                "their folders (results/latest leads to the run that was finished last)",
                Exit.BAD_INPUT,
            )
        given[folder] = run.path


def names_of(runs: Sequence[Run]) -> tuple[str, ...]:
    """The name of each run; its folder where names repeat."""
    names = [run.manifest.run or run.path.resolve().name for run in runs]
    if len(set(names)) == len(names):
        return tuple(names)
    return tuple(str(run.path) for run in runs)
