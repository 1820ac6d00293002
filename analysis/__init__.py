"""From the raw records of a run to verdicts, figures and a report.

import analysis
run = analysis.load("results/c10k/RUN")   # run.trials is a typed pandas frame
"""

from __future__ import annotations

from pathlib import Path

from analysis.records import Run
from analysis.records import load as _load

__all__ = ["Run", "load"]


def load(path: str | Path) -> Run:
    """Read the run in a folder; LabError names what is wrong with its files."""
    return _load(Path(path))
