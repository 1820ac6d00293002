"""Selection shared by the figures against active connections."""

from __future__ import annotations

import pandas as pd

from analysis.records.run import Run, remembered
from analysis.selection.trials import nothing_idle
from analysis.statistics.point_medians import with_void

X = "active_connections"


@remembered
def chosen(run: Run) -> pd.DataFrame:
    """The keep-alive trials with nothing idle; void ones included."""
    trials = nothing_idle(run)
    return trials if trials[X].nunique() > 1 else trials.head(0)


@remembered
def summary(run: Run, metrics: tuple[str, ...]) -> pd.DataFrame:
    """Medians and intervals by server and active connections."""
    return with_void(run, chosen(run), ("server", X), metrics)
