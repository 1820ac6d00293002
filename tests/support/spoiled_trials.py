"""Trials that a cause spoiled, and a run with some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support import made_up_run as made
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

GONE = {"server": "poll", "active_connections": 8, "idle_connections": 10000}
SHORT = {"server": "iterative", "backlog": 5}


def spoil(frame: pd.DataFrame, cause: str | None, blocks: int = 9, **where: Any) -> None:
    put_cause(frame, chosen_of(frame, blocks, **where), cause, "what happened")


def chosen_of(frame: pd.DataFrame, blocks: int, **where: Any) -> pd.Series[bool]:
    chosen = frame["block"] <= blocks
    for name, value in where.items():
        chosen &= frame[name] == value
    return chosen


def write_failing(folder: Path) -> Path:
    """poll ended in two of five repeats; of what the iterative server was asked 36% are errors."""
    frame = made.trials(5)
    spoil(frame, "server_gone", 2, **GONE)
    chosen = chosen_of(frame, 9, **SHORT)
    frame.loc[chosen, ["requests", "errors"]] = [960, 540]
    return made.write_run(folder, frame)
