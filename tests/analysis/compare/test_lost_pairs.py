"""Blocks without a ratio of two servers are counted, and what they may hide is not passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import analysis
from analysis.compare.comparison import RunComparison
from analysis.compare.metrics import CANNOT_TELL
from analysis.compare.two_servers import compare_servers
from contract.exits import Exit
from tests.support import two_servers as two
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

RATE = "requests_per_s"
GONE, STARVED, WRONG = "server_gone", "server_starved", "server_wrong"
NO_FIGURE = "no figure"
POINTS = 3
Lost = tuple[str, range, str]
"""A server, some blocks, and what became of its trials there."""


def losing(*lost: Lost, slow: range = range(0)) -> two.Change:
    """Some trials are lost, and B has half its rate in the `slow` blocks."""

    def change(frame: pd.DataFrame) -> None:
        late = (frame["server"] == two.B) & frame["block"].isin(slow)
        frame.loc[late, RATE] *= 0.5
        for server, blocks, cause in lost:
            mine = (frame["server"] == server) & frame["block"].isin(blocks)
            if cause == NO_FIGURE:
                frame.loc[mine, RATE] = None
            else:
                put_cause(frame, mine, cause, "it failed")

    return change


def compared(folder: Path, change: two.Change, blocks: int = 10) -> RunComparison:
    run = two.write(folder / "run", change, two.asked(blocks), noise=0.005, drift=0.0)
    found = compare_servers(analysis.load(run))
    assert found is not None
    return found


def rates(found: RunComparison) -> pd.DataFrame:
    return found.figures[found.figures["metric"] == RATE]


@pytest.mark.parametrize("cause", [GONE, STARVED, WRONG])
def test_slow_trials_beside_failed_ones_of_the_base_are_not_passed_over(
    tmp_path: Path, cause: str
) -> None:
    early = range(1, 5)
    found = compared(tmp_path, losing((two.A, early, cause), slow=early))
    assert found.exit is Exit.CANNOT_TELL
    assert set(rates(found)["text"]) == {
        "cannot tell: 4 of 10 blocks have no ratio, as shop 1 failed there"
    }


def test_two_blocks_of_ten_do_not_stand_for_all(tmp_path: Path) -> None:
    lost = (two.A, range(1, 5), "surroundings"), (two.B, range(5, 9), "surroundings")
    found = compared(tmp_path, losing(*lost, slow=range(1, 5)))
    assert found.exit is Exit.CANNOT_TELL
    assert rates(found)["n"].tolist() == [2] * POINTS
    assert set(rates(found)["text"]) == {"cannot tell: 8 of 10 blocks have no ratio"}


@pytest.mark.parametrize(
    ("lost", "why"),
    [
        (((two.A, range(1, 2), GONE),), ""),
        (((two.A, range(1, 3), GONE),), "2 of 10 blocks have no ratio, as shop 1 failed there"),
        # Both failed in the same blocks: no trial went with another.
        (((two.A, range(1, 3), GONE), (two.B, range(1, 3), GONE)), ""),
        (
            ((two.A, range(1, 3), GONE), (two.B, range(3, 5), GONE)),
            "2 of the 8 blocks in which shop 2 did not fail have no ratio, as shop 1 failed there",
        ),
        (
            ((two.A, range(1, 2), NO_FIGURE), (two.B, range(2, 3), NO_FIGURE)),
            "2 of 10 blocks have no ratio, as a figure is missing",
        ),
        (
            ((two.A, range(1, 2), GONE), (two.B, range(2, 3), "lab")),
            "2 of 10 blocks have no ratio, as shop 1 failed there or a figure is missing",
        ),
        (((two.A, range(1, 4), "surroundings"), (two.B, range(4, 6), "load")), ""),
        (
            ((two.A, range(1, 4), "surroundings"), (two.B, range(4, 7), "load")),
            "6 of 10 blocks have no ratio",
        ),
        (
            ((two.A, range(1, 6), "surroundings"), (two.B, range(6, 11), "probe")),
            "10 of 10 blocks have no ratio",
        ),
    ],
)
def test_beyond_a_stated_share_of_blocks_nothing_is_known(
    tmp_path: Path, lost: tuple[Lost, ...], why: str
) -> None:
    found = compared(tmp_path, losing(*lost))
    assert set(rates(found)["why"]) == {why}
    assert found.exit is (Exit.CANNOT_TELL if why else Exit.OK)
    assert ("None got worse" in found.summary) is not bool(why)
    assert set(rates(found)["word"] == CANNOT_TELL) == {bool(why)}


@pytest.mark.parametrize("failed", [2, 7])
def test_a_server_that_fails_hides_no_regression_by_that(tmp_path: Path, failed: int) -> None:
    """Its failed trials are a figure; what the others show is told beside it."""
    lost = (two.B, range(1, failed + 1), GONE)
    found = compared(tmp_path, losing(lost, slow=range(1, 11)))
    assert found.exit is Exit.REGRESSED
    assert rates(found)["text"].str.startswith("slower by ").all()
    ends = f", of the {10 - failed} of 10 trials that it did not fail"
    assert rates(found)["text"].str.endswith(ends).all()
    failures = found.figures[found.figures["metric"] == "failed_share"]
    assert (failures["value"] > failures["base_value"]).all()


def test_one_trial_of_the_usual_five_is_more_than_one_in_ten(tmp_path: Path) -> None:
    found = compared(tmp_path, losing((two.A, range(1, 2), GONE)), 5)
    assert found.exit is Exit.CANNOT_TELL
    assert set(rates(found)["why"]) == {"1 of 5 blocks has no ratio, as shop 1 failed there"}
