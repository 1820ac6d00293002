"""A few errors and a few answers missing are told by a comparison, and are no regression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analysis.compare.comparison import compare
from contract.exits import Exit
from tests.support import made_up_run as made
from tests.support.failing_records import BLOCKS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("way", "share", "exit_"),
    [
        ("errors", 0.0005, Exit.OK),
        ("errors", 0.005, Exit.REGRESSED),
        ("unanswered", 0.005, Exit.OK),
        ("unanswered", 0.05, Exit.REGRESSED),
    ],
)
def test_few_errors_and_answers_missing_are_told_and_no_regression(
    tmp_path: Path, way: str, share: float, exit_: Exit
) -> None:
    """One in a thousand, and one in a hundred, as the table says."""
    folders: list[Path] = []
    for name, factor in (("a", 0.0), ("b", share)):
        frame = made.trials(BLOCKS, seed=len(folders), noise=0.01)
        mine = (frame["server"] == "epoll_level") & (frame["sweep"] == "concurrency")
        frame.loc[mine, way] = (frame.loc[mine, "requests"] * factor).round().astype("Int64")
        folders.append(made.write_run(tmp_path / name, frame, run=name))
    found = compare(folders)
    assert found.exit is exit_
    metric = {"errors": "error_share", "unanswered": "unanswered_share"}[way]
    figures = found.figures
    (text,) = figures.loc[
        (figures["server"] == "epoll_level") & (figures["metric"] == metric), "text"
    ]
    assert "none before" in text
