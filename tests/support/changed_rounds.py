"""Two simulated servers side by side, some of whose rounds are changed before they are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd

from analysis.checkup.document import ComparedFound
from analysis.checkup.report import CheckUpReport, build
from contract.outcomes import not_measured
from tests.support.simulated_run import simulated_pair
from tests.support.simulated_server import SimulatedServer

BASE, SERVER = "epoll_level", "poll"
ALL = (1, 2, 3, 4, 5)
SPOILED = "what happened"
Edit = Callable[[pd.DataFrame], None]


def server(seed: int) -> SimulatedServer:
    return SimulatedServer(2_000, noise=0.02, random=Random(seed))  # noqa: S311 - a simulation


def spoil(name: str, sweep: str, cause: Any, blocks: tuple[int, ...] = ALL) -> Edit:
    """These rounds of one server are not measured, for this cause."""

    def edit(frame: pd.DataFrame) -> None:
        rows = (frame["server"] == name) & (frame["sweep"] == sweep)
        rows &= frame["block"].astype(int).isin(blocks)
        assert rows.any()
        for column, value in {**not_measured(cause), "reason": SPOILED}.items():
            frame.loc[rows, column] = value

    return edit


def cells(sweeps: tuple[str, ...], blocks: tuple[int, ...] = ALL, **known: str | None) -> Edit:
    """In these trials of the server that is compared."""

    def edit(frame: pd.DataFrame) -> None:
        rows = (frame["server"] == SERVER) & frame["sweep"].isin(sweeps)
        rows &= frame["block"].astype(int).isin(blocks)
        assert rows.any()
        for column, value in known.items():
            frame.loc[rows, column] = value

    return edit


def report(
    folder: Path,
    *edits: Edit,
    asked: str = "crowd",
    thresholds: tuple[str, ...] = (),
    other: SimulatedServer | None = None,
) -> tuple[CheckUpReport, ComparedFound]:
    rules = f"questions: [{asked}]\nthresholds: {list(thresholds)}"
    run = simulated_pair(folder, server(1), other or server(101), rules)
    run.go_on()
    path = run.store.folder / "trials.csv"
    frame = pd.read_csv(path, dtype=object)
    for edit in edits:
        edit(frame)
    frame.to_csv(path, index=False, lineterminator="\n")
    made = build(run.store.folder)
    assert made
    assert made.found.compared
    return made, made.found.compared
