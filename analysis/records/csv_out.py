"""The CSV files that the analysis writes beside the records."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from contract.literal import guarded, line


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Six digits of each number; texts as the records have them: in one line, and no formula."""
    shown = table.copy()
    for name in shown.columns:
        if not (is_numeric_dtype(shown[name]) or is_bool_dtype(shown[name])):
            shown[name] = [
                guarded(line(one)) if isinstance(one, str) else one for one in shown[name]
            ]
    shown.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")
