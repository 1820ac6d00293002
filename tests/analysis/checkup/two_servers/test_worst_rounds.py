"""A round that a server failed is not averaged away by the others, nor taken out by the base's."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from contract.checkup.description import CROWD, IDLE
from contract.outcomes import not_measured
from tests.support.changed_rounds import BASE, SERVER, cells, report, spoil
from tests.support.failing_check_ups import with_idle_ones

pytestmark = pytest.mark.usefixtures("without_pictures")


def test_a_starved_round_keeps_no_threshold_by_the_mean(tmp_path: Path) -> None:
    edits = spoil(SERVER, CROWD, "server_starved", (3,)), cells((CROWD,), (3,), coverage="0.5")
    made, _ = report(tmp_path, *edits, thresholds=("crowd_served_share > 0.8",))
    assert [one.word for one in made.found.thresholds] == ["not kept"]


def met_limit(frame: pd.DataFrame) -> None:
    """In the third round, with a hundredth of what was asked for."""
    rows = (frame["server"] == SERVER) & (frame["sweep"] == IDLE) & with_idle_ones(frame)
    rows &= frame["block"].astype(int) == 3
    assert rows.any()
    found = {**not_measured("server_limit"), "server_limit": "files: no more"}
    found |= {"idle_established": "92", "active_established": "8", "server_established": "100"}
    for column, value in found.items():
        frame.loc[rows, column] = value


def test_a_limit_of_one_round_is_marked_by_how_far_that_went(tmp_path: Path) -> None:
    limits = ("idle_held_share > 0.3",)
    made, _ = report(tmp_path, met_limit, asked="idle", thresholds=limits)
    assert made.found.questions[-1].mark == "breaks"
    assert [one.word for one in made.found.thresholds] == ["not kept"]


def test_rounds_that_the_base_failed_take_none_of_the_other_out(tmp_path: Path) -> None:
    """It is slow in just the three in which the base failed."""
    edits = (
        spoil(BASE, CROWD, "server_gone", (1, 2, 3)),
        cells((CROWD,), (1, 2, 3), connect_max_us="800000.0"),
        cells((CROWD,), (4,), connect_max_us="910.0"),
        cells((CROWD,), (5,), connect_max_us="890.0"),
    )
    _, found = report(tmp_path, *edits)
    (longest,) = [one for one in found.changes if one.figure == "crowd_connect_max_s"]
    assert longest.word == "cannot tell"
