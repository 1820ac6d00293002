"""Verdicts on made-up runs of which some trials failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

import analysis
from analysis.claims.verdicts import Verdict, judge_all
from tests.support import made_up_run as made
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IDLE: dict[str, Any] = {"idle_connections": 10000, "active_connections": 8}


def judged(tmp_path: Path, number: int, change: Callable[[pd.DataFrame], None]) -> Verdict:
    """The verdict on a claim in a run of twenty blocks, after this change."""
    frame = made.trials(20, noise=0.005)
    change(frame)
    (found,) = judge_all(analysis.load(made.write_run(tmp_path, frame, claims=[number])))
    return found


def spoil(
    frame: pd.DataFrame, blocks: int, cause: str | None, reason: str = "wrong answer", **where: Any
) -> None:
    """The trials of the first blocks, at these settings, were not measured for this cause."""
    chosen = frame["block"] <= blocks
    for name, value in where.items():
        chosen &= frame[name] == value
    put_cause(frame, chosen, cause, reason)
