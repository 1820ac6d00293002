"""A rule marks no failure milder than it is, but for a limit whose figure it is about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analysis.checkup.answer import Answer, Value, at_least_so_much
from analysis.checkup.answers.clients import KINDS
from analysis.checkup.questions import mark
from contract.checkup.description import BEYOND, CLIENTS, CROWD, HOLDS, IDLE
from contract.outcomes import not_measured
from contract.void_causes import SpoiledBy
from tests.support.failing_check_ups import SPOILED, checked_up, with_idle_ones

pytestmark = pytest.mark.usefixtures("without_pictures")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("check-ups")


@pytest.mark.parametrize("cause", ["server_gone", "server_wrong"])
def test_a_rule_hides_no_failure(folder: Path, cause: SpoiledBy) -> None:
    slow = {"response_p99_us": 90_000}
    assert checked_up(folder, slow, KINDS).mark(CLIENTS) == "look at this"
    failed = {**not_measured(cause), "reason": SPOILED}
    found = checked_up(folder, failed, KINDS, lambda frame: frame["sweep"] == KINDS[0])
    assert found.mark(CLIENTS) == "breaks"


def test_no_rule_hides_a_worse_one_that_stands_behind_it(folder: Path) -> None:
    """A goodput of two thirds is marked before a recovery that never comes."""
    found = checked_up(folder, {}).asked
    figures = {"beyond_goodput_share": Value(0.62), "beyond_recovers_s": at_least_so_much(9.0)}
    answer = Answer(BEYOND, found.server, "", "", figures)
    assert mark(answer, found.about.rules)[0] == "breaks"
    soon = replace(answer, figures={**figures, "beyond_recovers_s": Value(1.0)})
    assert mark(soon, found.about.rules)[0] == "look at this"


@pytest.mark.parametrize(("held", "word"), [(4_008, "look at this"), (408, "breaks")])
def test_a_limit_is_marked_by_how_far_it_went(folder: Path, held: int, word: str) -> None:
    cells = {
        **not_measured("server_limit"),
        "server_limit": "files: no more",
        "idle_established": held - 8,
        "active_established": 8,
        "server_established": held,
    }
    assert checked_up(folder, cells, (IDLE,), with_idle_ones).mark(IDLE) == word


def test_a_starved_one_that_held_all_breaks(folder: Path) -> None:
    cells = {**not_measured("server_starved"), "reason": SPOILED}
    assert checked_up(folder, cells, (IDLE,), with_idle_ones).mark(IDLE) == "breaks"


@pytest.mark.parametrize(
    ("cause", "word"), [("server_gone", "not kept"), ("surroundings", "cannot tell")]
)
def test_a_kind_that_a_server_failed_keeps_no_threshold(
    folder: Path, cause: SpoiledBy, word: str
) -> None:
    cells = {**not_measured(cause), "reason": SPOILED}
    found = checked_up(folder, cells, KINDS, lambda frame: frame["sweep"] == KINDS[0])
    assert found.thresholds(CLIENTS) == {word}


@pytest.mark.parametrize(
    ("coverage", "word"),
    [(1.0, "good"), (0.99, "good"), (0.91, "look at this"), (0.89, "breaks")],
)
def test_a_crowd_of_which_some_have_no_answer_is_not_good(
    folder: Path, coverage: float, word: str
) -> None:
    assert checked_up(folder, {"coverage": coverage}, (CROWD,)).mark(CROWD) == word


@pytest.mark.parametrize(
    ("question", "cells", "answer", "advice"),
    [
        (
            HOLDS,
            {"server_cpu_share": 0.45, "files_cpu_share": 0.5},
            "Its files bound it",
            "files",
        ),
        (HOLDS, {"server_cpu_share": 0.5, "log_cpu_share": 0.45}, "Its own log bounds it", "log"),
        (CROWD, {"coverage": 0.5}, "no connection found the accept queue full", "if not"),
        (CROWD, {"coverage": 0.95, "listen_drops": 7}, "7 times the accept queue was", "backlog"),
    ],
)
def test_what_helps_does_not_contradict_the_answer(
    folder: Path, question: str, cells: dict[str, float], answer: str, advice: str
) -> None:
    found = checked_up(folder, cells, (question,))
    assert answer in found.words(question)
    assert advice in mark(found.answers[question], found.asked.about.rules)[1]
