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

from analysis.records.details import histogram, merged, samples, series
from analysis.records.run import Run, load
from analysis.report.summary_csv import columns, summary

__all__ = ["Run", "columns", "histogram", "load", "merged", "samples", "series", "summary"]
