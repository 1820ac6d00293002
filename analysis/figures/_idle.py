"""Selection shared by the figures against idle connections."""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

from analysis.records.run import Run
from analysis.selection.trials import keep_alive, varying
from analysis.statistics.point_medians import with_void

X = "idle_connections"
# Runs to remember: a report asks three times for the same numbers of each figure.
# What is remembered is shared, so nobody writes into it.
RUNS = 4
KEYS = ("server", "active_connections", X)


@lru_cache(maxsize=RUNS)
def chosen(run: Run) -> pd.DataFrame:
    """The keep-alive trials that show idle connections best; void ones included."""
    trials = varying(keep_alive(run), X, "active_connections")
    return trials if trials[X].nunique() > 1 else trials.head(0)


@lru_cache(maxsize=RUNS * 4)
def summary(run: Run, metrics: tuple[str, ...]) -> pd.DataFrame:
    """Medians and intervals of valid trials, a row per server and point, and the
    number of void ones; points that have only void trials keep their row."""
    return with_void(run, chosen(run), KEYS, metrics)
