"""Clients of a closed loop that meet nothing but errors: half of them are half of what is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import analysis
from analysis.claims.judgement import Word
from analysis.claims.verdicts import judge
from analysis.compare.comparison import compare
from analysis.compare.metrics import CHANGED
from analysis.outcomes import goodput
from contract.exits import Exit
from tests.support import made_up_run as made
from tests.support.claim_data import FAST, SLOW, claim

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FEW: dict[str, object] = {
    "load": "connection_per_request",
    "active_connections": 100,
    "requests": 100_000,
    "errors": 2_000,
    "coverage": 0.5,
}
"""A server that turns away all of one load worker of two: its clients rest after each error."""


@pytest.mark.parametrize(
    ("changes", "share"),
    [
        ({}, 0.5),
        ({"coverage": 1.0}, 2 / 102),
        ({"coverage": None}, 2 / 102),
        ({"load": "open_connections"}, 2 / 102),
        ({"unanswered": 50}, 2 / 102),  # those without a response wait for one
        ({"requests": 200, "errors": 1}, 0.01),  # the others had not their turn yet
        ({"errors": 0}, 0.0),
    ],
)
def test_they_count_for_as_much_as_the_others(
    run_of: Callable[..., analysis.Run], changes: dict[str, object], share: float
) -> None:
    run = run_of([{**row, **FEW, **changes} for row in FAST])
    assert goodput.of_all(run.trials)[goodput.ERRORS] == pytest.approx(share)


def test_no_claim_is_reproduced_by_the_half_that_is_served(
    run_of: Callable[..., analysis.Run],
) -> None:
    errors = {name: FEW[name] for name in ("requests", "errors", "coverage")}
    found = judge(claim(), run_of([{**row, **errors} for row in FAST], SLOW))
    assert found.verdict is Word.INCONCLUSIVE
    assert "2.0% with server poll" not in found.explanation


def test_they_are_a_regression_of_so_much(tmp_path: Path) -> None:
    folders = []
    for name, seed in (("a", 1), ("b", 2)):
        frame = made.trials(5, seed=seed, noise=0.01)
        if name == "b":
            mine = (frame["server"] == "iterative") & (frame["backlog"] == 128)
            frame.loc[mine, "errors"], frame.loc[mine, "coverage"] = 50, 0.5
        folders.append(made.write_run(tmp_path / name, frame, run=name))
    found = compare(folders)
    (row,) = found.figures[found.figures["metric"] == goodput.ERRORS].to_dict("records")
    assert (row["word"], row["value"]) == (CHANGED, pytest.approx(0.5))
    assert found.exit is Exit.REGRESSED
