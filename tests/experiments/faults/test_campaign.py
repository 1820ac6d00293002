"""The campaign of endings: which ones come, and what counts as wrong."""

from __future__ import annotations

from typing import Any

import pytest

from contract.void_causes import SPOILED_BY
from experiments.faults.campaign import HarmedTrial, is_disturbed, tally, wrongs
from experiments.faults.endings import Ending, drawn, endings

KILLED = Ending("server: kill", ("server_gone", ""), role="server", action="kill")
VALID = {"validity": "server_bound", "reason": "", "spoiled_by": "", "outcome": "completed"}


def void(reason: str, by: str, outcome: str = "failed") -> dict[str, Any]:
    return {"validity": "void", "reason": reason, "spoiled_by": by, "outcome": outcome}


def test_every_ending_comes_before_one_comes_again() -> None:
    known = len(endings())
    names = [ending.name for ending, _ in drawn(2 * known, seed=7)]
    assert set(names[:known]) == {ending.name for ending in endings()}
    assert sorted(names[:known]) == sorted(names[known:])


def test_equal_seeds_draw_equal_campaigns() -> None:
    first, second = ([(e.name, c.random()) for e, c in drawn(50, 3)] for _ in range(2))
    assert first == second
    assert first != [(e.name, c.random()) for e, c in drawn(50, 4)]


def test_endings_expect_what_a_row_may_say() -> None:
    assert all(set(ending.spoiled_by) <= {"", *SPOILED_BY} for ending in endings())
    assert all(bool(e.serves) + bool(e.role) + e.interrupt == 1 for e in endings())


@pytest.mark.parametrize(
    ("row", "good", "left", "told"),
    [
        (void("it ended", "server_gone"), VALID, [], []),
        (VALID, VALID, [], []),
        (void("it ended", "probe"), VALID, [], ["spoiled by probe, not server_gone or valid"]),
        (void("noise", "surroundings", "completed"), VALID, [], []),
        (void("no start", "surroundings"), VALID, [], ["spoiled by surroundings, not"]),
        (
            VALID,
            void("no workers", "load"),
            [],
            ["the good trial after it was not measured: no workers"],
        ),
        (VALID, void("noise", "surroundings", "completed"), [], []),
        (VALID, VALID, ["c10k-x-server"], ["left behind: c10k-x-server"]),
    ],
)
def test_wrongs_of_an_ending(
    row: dict[str, Any], good: dict[str, Any], left: list[str], told: list[str]
) -> None:
    found = list(wrongs(KILLED, row, good, left))
    assert len(found) == len(told)
    assert all(one.startswith(beginning) for one, beginning in zip(found, told, strict=True))


def test_worker_that_was_late_is_a_disturbance_and_one_that_failed_is_none() -> None:
    late = {**void("windows apart", "load", "completed"), "window_s": 1.0}
    assert is_disturbed(late | {"window_skew_us": 20_000.0})
    assert not is_disturbed(late | {"window_skew_us": 20.0})


def test_trial_without_a_window_was_not_merely_disturbed() -> None:
    assert is_disturbed(void("noise", "surroundings", "completed"))
    assert not is_disturbed(void("no start", "surroundings"))
    assert not is_disturbed(VALID)


def test_tally_counts_each_ending() -> None:
    def ended(
        reason: str, by: str, after: str, *, void: bool, faults: tuple[str, ...]
    ) -> HarmedTrial:
        return HarmedTrial(1, "a", "faulty", 1, 0.5, reason, by, after, void, False, faults)

    gone = ended("it ended", "server_gone", "8 requests had no answer", void=False, faults=())
    next_void = ended("", "", "no workers", void=True, faults=("the good trial was void",))
    table = tally([gone, next_void])
    cells = [str(next(iter(column.cells))) for column in table.columns]
    assert cells == ["a", "2", "1", "server_gone", "1", "0", "1"], "a note spoils no trial"
