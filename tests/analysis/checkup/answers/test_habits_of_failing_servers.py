"""A server that failed in the trial of its habits does not have good ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from contract.checkup.description import HABITS
from contract.outcomes import not_measured
from tests.support.failing_check_ups import checked_up

if TYPE_CHECKING:
    from pathlib import Path

    from contract.void_causes import SpoiledBy

ENDED = "the server ended with exit code 139"


def test_one_that_ended_while_silent_clients_were_watched_breaks(tmp_path: Path) -> None:
    """All cases were asked before: the client saw its connections end, and no reason."""
    assert checked_up(tmp_path, {}, (HABITS,)).mark(HABITS) == "good"
    found = checked_up(tmp_path, {**not_measured("server_gone"), "reason": ENDED}, (HABITS,))
    assert found.mark(HABITS) == "breaks", found.words(HABITS)
    assert f"It failed in this trial: {ENDED}." in found.words(HABITS)
    assert "ends a silent connection" not in found.words(HABITS)
    assert not found.answers[HABITS].figures


@pytest.mark.parametrize("cause", ["server_wrong", "server_starved", "server_limit"])
def test_a_window_that_the_server_failed_breaks(tmp_path: Path, cause: SpoiledBy) -> None:
    """Of one that starved clients the figures stay."""
    cells: dict[str, Any] = {**not_measured(cause), "reason": "what happened"}
    found = checked_up(tmp_path, cells, (HABITS,))
    assert found.mark(HABITS) == "breaks"
    assert "It failed in this trial: what happened." in found.words(HABITS)
    assert bool(found.answers[HABITS].figures) is (cause == "server_starved")


def test_a_window_that_something_else_spoiled_says_nothing_of_habits(tmp_path: Path) -> None:
    """They were seen when it had ended."""
    cells: dict[str, Any] = {**not_measured("surroundings"), "reason": "what happened"}
    found = checked_up(tmp_path, cells, (HABITS,))
    assert found.mark(HABITS) == "good"
    assert "what happened" not in found.words(HABITS)
