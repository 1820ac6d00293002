"""The figures of runs beside those of the first of them, and which of them tell something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from analysis.compare.manifest_diff import Difference
from analysis.compare.metrics import CANNOT_TELL, CHANGED, WITHIN_NOISE
from analysis.records.run import Run


@dataclass(frozen=True)
class ComparedRuns:
    """Runs beside the first of them.

    `names` are those of the runs. `figures` has a row per run, point and metric: the fields of
    `ComparedFigure` and `text`, the verdict in words. `gating` are the metrics that must be known
    well enough for the comparison to pass; `uncompared` of what no figure was
    compared (servers, or points), each with the reason.
    """

    runs: tuple[Run, ...]
    names: tuple[str, ...]
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
    def unfinished(self) -> list[str]:
        """The names of the runs that lack trials: what these would show is not known."""
        return [name for run, name in zip(self.runs, self.names, strict=True) if run.unfinished]
