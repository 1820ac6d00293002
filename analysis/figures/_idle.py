"""Selection shared by the figures against idle connections."""

from __future__ import annotations

import pandas as pd

from analysis.records.run import Run, remembered
from analysis.selection.trials import keep_alive, varying
from analysis.statistics.point_medians import with_void

X = "idle_connections"
KEYS = ("server", "active_connections", X)


@remembered
def chosen(run: Run) -> pd.DataFrame:
    """The keep-alive trials that show idle connections best; void ones included."""
    trials = varying(keep_alive(run), X, "active_connections")
    return trials if trials[X].nunique() > 1 else trials.head(0)


@remembered
def summary(run: Run, metrics: tuple[str, ...]) -> pd.DataFrame:
    """Medians and intervals of valid trials, a row per server and point, and the
    number of void ones; points that have only void trials keep their row."""
    return with_void(run, chosen(run), KEYS, metrics)
