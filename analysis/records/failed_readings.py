"""Cells of a run that a reading which failed has filled: they are missing.

Earlier versions of the lab wrote them; a nought among memories makes a ratio of anything.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from contract.columns.failed_readings import BY_WORKER, NEVER_NOUGHT, WORKERS, too_few


def without_failed_readings(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials with empty cells in their place."""
    found = {}
    for name in NEVER_NOUGHT:
        nought = (trials[name] == 0).to_numpy(dtype=bool, na_value=False)
        if nought.any():
            found[name] = trials[name].mask(nought)
    for name in BY_WORKER:
        cells = zip(trials[name], trials[WORKERS], strict=True)
        few = np.array(
            [
                isinstance(cell, str) and pd.notna(workers) and too_few(cell, workers)
                for cell, workers in cells
            ],
            dtype=bool,
        )
        if few.any():
            found[name] = trials[name].mask(few)
    return trials.assign(**found) if found else trials
