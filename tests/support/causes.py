"""Rows of trials.csv that were not measured, for a cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from contract.outcomes import VOID, not_measured

if TYPE_CHECKING:
    import pandas as pd

    from contract.void_causes import SpoiledBy


def put_cause(frame: pd.DataFrame, chosen: pd.Series[bool], cause: str | None, reason: str) -> None:
    """The chosen rows as the runner writes them; void ones, as earlier versions did, without a
    cause."""
    by = cast("SpoiledBy | None", cause)
    cells = not_measured(by) if by else {"validity": VOID, "spoiled_by": None}
    for name, value in {**cells, "reason": reason}.items():
        frame.loc[chosen, name] = value
