"""How many can be there: what it failed among idle connections, or beside them, is no time-out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.checkup.answer import ServerRows
from analysis.checkup.questions import ask, mark
from contract.checkup.description import IDLE
from contract.outcomes import not_measured
from contract.reasons import CLOSES_EACH
from contract.void_causes import SpoiledBy
from tests.support.failing_check_ups import SPOILED, checked_up, with_idle_ones

pytestmark = pytest.mark.usefixtures("without_pictures")

CLOSED = (
    "the server closes idle connections after 2.6 s; only 0 of 10,000 idle connections were still "
    "established at the end of the window"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("check-ups")


@pytest.mark.parametrize(("cause", "limit"), [("server_gone", None), ("server_limit", "memory")])
def test_one_that_dies_among_idle_connections_does_not_close_them(
    folder: Path, cause: SpoiledBy, limit: str | None
) -> None:
    """As it dies all are closed at once, whose ages lie together as those of a time-out do."""
    reason = f"{CLOSED}; the server ended with exit code 137"
    cells = {**not_measured(cause), "server_limit": limit, "reason": reason}
    found = checked_up(folder, cells, (IDLE,), with_idle_ones)
    assert found.answers[IDLE].failed
    assert found.mark(IDLE) != "good"
    assert "so that they do not pile up" not in found.words(IDLE)


@pytest.mark.parametrize("closing", CLOSES_EACH)
def test_one_that_closes_each_connection_does_so_without_idle_ones_too(
    folder: Path, closing: str
) -> None:
    """The end of a connection may be the end of an answer, too."""
    wrong = {**not_measured("server_wrong"), "reason": f"verification failed: {closing}; only"}
    found = checked_up(folder, wrong, (IDLE,))
    assert (
        found.words(IDLE) == "It closes each connection after its answer, so that none stays idle."
    )
    assert found.mark(IDLE) == "good"


def with_idle(asked: ServerRows, many: Mapping[str, Any], alone: Mapping[str, Any]) -> ServerRows:
    rows = [
        {**row, **(many if row["idle_connections"] else alone)} if row["sweep"] == IDLE else row
        for row in asked.rows
    ]
    return replace(asked, rows=rows)


@pytest.mark.parametrize(
    ("cause", "reason"), [("server_wrong", CLOSED), ("surroundings", "other programs used 2 cores")]
)
def test_busy_ones_that_it_failed_break_whatever_became_of_the_idle_ones(
    folder: Path, cause: SpoiledBy, reason: str
) -> None:
    many = {**not_measured(cause), "reason": reason}
    alone = {**not_measured("server_wrong"), "reason": SPOILED}
    asked = with_idle(checked_up(folder, {}).asked, many, alone)
    found = ask(asked)[IDLE]
    assert mark(found, asked.about.rules)[0] == "breaks"
    assert SPOILED in found.words


def test_a_rule_of_its_memory_marks_no_limit_milder(folder: Path) -> None:
    """It held all; that each takes 200 kB says nothing of how far it went."""
    cells = {
        **not_measured("server_limit"),
        "server_limit": "files: no more",
        "idle_established": 10_000,
        "active_established": 8,
        "server_established": 10_008,
    }
    assert checked_up(folder, cells, (IDLE,), with_idle_ones).mark(IDLE) == "breaks"
    large = {**cells, "server_rss_idle_bytes": 10_000_000, "server_rss_bytes": 2_010_000_000}
    assert checked_up(folder, large, (IDLE,), with_idle_ones).mark(IDLE) == "breaks"
