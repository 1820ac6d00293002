"""At how many blocks a run looked at a claim's figure for the first time."""

from __future__ import annotations

import pandas as pd

from analysis.claims.judgement import REPEATS_NEEDED
from analysis.records.first_look import first_look as first_of
from analysis.records.run import Run


def first_look(run: Run, figures: pd.Series[float]) -> int:
    """Blocks of a figure's first look, no fewer than a verdict needs; 0 if the run looks once."""
    return first_of(run, figures, REPEATS_NEEDED)
