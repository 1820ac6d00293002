"""The rows of `trials.csv` behind a figure, copied beside it as they were recorded."""

from __future__ import annotations

import pandas as pd

from analysis.arrays import Numbers
from analysis.records.run import FILE, Run, remembered
from contract.literal import unguarded

MOST_ROWS = 20_000
"""Rows that stand behind a figure; more are not copied."""


def copy_rows(run: Run, name: str, rows: Numbers) -> str:
    """Those rows of `run.trials` in figures/NAME.csv, which is returned; '' where they are too
    many."""
    if not 0 < len(rows) <= MOST_ROWS:
        return ""
    path = run.path / "figures" / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    _recorded(run).iloc[rows].to_csv(path, index=False, lineterminator="\n")
    return f"figures/{name}.csv"


@remembered
def _recorded(run: Run) -> pd.DataFrame:
    """The cells of all trials as texts, in the order of `run.trials`; rows left out are not among
    them."""
    cells = pd.read_csv(run.path / FILE, dtype=str, keep_default_na=False, skip_blank_lines=False)
    return cells[cells["trial"].map(unguarded).isin(run.trials["trial"])]
