"""From the raw records of a run to verdicts, figures and a report.

import analysis
run = analysis.load("results/c10k/RUN")      # run.trials is a typed pandas frame
analysis.columns()                           # what its columns mean, units in their names
analysis.summary(run)                        # a row per point: medians with 95% intervals
name = run.trials["trial"].iloc[0]
analysis.histogram(run, name, "response")    # an HdrHistogram, in microseconds
analysis.series(run, name)                   # the window second by second
analysis.samples(run, name)                  # what the probe read beside the server
"""

from __future__ import annotations

from pathlib import Path

from analysis.by_point import columns, summary
from analysis.details import histogram, merged, samples, series
from analysis.records import Run
from analysis.records import load as _load

__all__ = ["Run", "columns", "histogram", "load", "merged", "samples", "series", "summary"]


def load(path: str | Path) -> Run:
    """Read the run in a folder; LabError names what is wrong with its files."""
    return _load(Path(path))
