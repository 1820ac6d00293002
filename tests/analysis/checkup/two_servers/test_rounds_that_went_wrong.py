"""Rounds that a server failed, or that say nothing of it, make it look no better."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.checkup.document import ChangeFound, ComparedFound
from analysis.checkup.report import CheckUpReport
from contract.checkup.description import CLIENTS, CLOSED, CROWD, HOSTILE, READERS
from contract.exits import Exit
from contract.result.trial_result import TrialResult
from contract.settings.trial import Settings
from tests.support.changed_rounds import BASE, SERVER, SPOILED, cells, report, spoil
from tests.support.simulated_server import SimulatedServer

pytestmark = pytest.mark.usefixtures("without_pictures")

NOTHING = "Nothing changed beyond the noise."


def rounds_failed(found: ComparedFound) -> ChangeFound:
    return next(one for one in found.changes if one.figure == "failed_share")


def answer(made: CheckUpReport) -> tuple[str, str]:
    """The mark and the words of the last question."""
    found = made.found.questions[-1]
    return found.mark, found.answer.answer


def test_a_question_that_it_fails_in_every_round_is_a_regression(tmp_path: Path) -> None:
    everything = "holds, cost, idle, crowd, start, leak"
    made, found = report(tmp_path, spoil(SERVER, CROWD, "server_gone"), asked=everything)
    failed = rounds_failed(found)
    assert (failed.word, failed.regression) == ("worse", True)
    assert failed.text == "it fails in 5 of 5 rounds, epoll (level) in 0"
    assert not found.summary.startswith(NOTHING)
    assert made.exit is Exit.REGRESSED


@pytest.mark.parametrize("blocks", [(2, 4), (1, 2, 3)])
def test_a_rise_of_failed_rounds_that_may_be_chance_cannot_be_told(
    tmp_path: Path, blocks: tuple[int, ...]
) -> None:
    made, found = report(tmp_path, spoil(SERVER, CROWD, "server_gone", blocks))
    assert rounds_failed(found).word == "cannot tell"
    assert not found.summary.startswith(NOTHING)
    assert "Whether it fails more often cannot be told of crowd." in found.summary
    assert made.exit is Exit.CANNOT_TELL
    mark, words = answer(made)
    assert mark == "breaks"
    assert words.endswith(f" It fails in {len(blocks)} of 5 rounds: {SPOILED}.")


def test_a_fall_that_may_be_chance_is_no_reason_to_ask(tmp_path: Path) -> None:
    made, found = report(tmp_path, spoil(BASE, CROWD, "server_gone", (2, 4)))
    assert rounds_failed(found).word == "cannot tell"
    assert made.exit is Exit.OK


@pytest.mark.parametrize("cause", ["surroundings", "load", "probe", "lab"])
def test_rounds_that_say_nothing_are_none_without_a_failure(tmp_path: Path, cause: Any) -> None:
    edits = spoil(BASE, CROWD, "server_gone"), spoil(SERVER, CROWD, cause)
    made, found = report(tmp_path, *edits)
    assert rounds_failed(found).word == "cannot tell"
    assert not any(one.word == "better" for one in found.changes)
    assert made.exit is Exit.CANNOT_TELL


def test_a_round_with_one_spoiled_trial_is_none_without_a_failure(tmp_path: Path) -> None:
    edits = spoil(BASE, READERS, "server_wrong"), spoil(SERVER, READERS, "surroundings")
    made, found = report(tmp_path, *edits, asked="clients")
    assert rounds_failed(found).word == "cannot tell"
    assert made.exit is Exit.CANNOT_TELL


def test_a_server_that_cannot_be_loaded_at_all_does_not_end_well(tmp_path: Path) -> None:
    edits = [spoil(SERVER, sweep, "server_gone") for sweep in (CLOSED, CROWD)]
    made, _ = report(tmp_path, *edits, asked="holds, crowd")
    assert made.exit is Exit.REGRESSED


@pytest.mark.parametrize("blocks", [(1, 2), (2, 3, 4, 5)])
def test_the_rounds_that_are_left_keep_no_threshold(
    tmp_path: Path, blocks: tuple[int, ...]
) -> None:
    limits = ("crowd_served_share > 0.9", "crowd_drops < 1")
    made, _ = report(tmp_path, spoil(SERVER, CROWD, "server_gone", blocks), thresholds=limits)
    assert [one.word for one in made.found.thresholds] == ["not kept"] * 2
    assert made.exit is Exit.EXCEEDED


def test_the_rounds_that_are_left_do_not_mark_it(tmp_path: Path) -> None:
    edits = cells((CROWD,), listen_drops="7"), spoil(SERVER, CROWD, "server_gone", (1, 2, 3, 4))
    made, _ = report(tmp_path, *edits)
    assert answer(made)[0] == "breaks"


@pytest.mark.parametrize(
    ("cause", "blocks", "word", "mark"),
    [
        ("surroundings", (1, 4), "kept", "good"),
        ("surroundings", (1, 2, 4), "cannot tell", "not told"),
        ("surroundings", (1, 2, 4, 5), "cannot tell", "not told"),
        ("lab", (1,), "cannot tell", "not told"),
    ],
)
def test_rounds_that_say_nothing_leave_it_open_beyond_half_of_them(
    tmp_path: Path, cause: Any, blocks: tuple[int, ...], word: str, mark: str
) -> None:
    limits = ("crowd_served_share > 0.9", "crowd_drops < 1")
    made, found = report(tmp_path, spoil(SERVER, CROWD, cause, blocks), thresholds=limits)
    assert [one.word for one in made.found.thresholds] == [word] * 2
    assert answer(made)[0] == mark
    assert f"Nothing is known of {len(blocks)} of 5 rounds: {SPOILED}." in answer(made)[1]
    if len(blocks) > 2:
        assert {one.word for one in found.changes if one.question == "crowd"} == {"cannot tell"}


def test_what_breaks_a_threshold_breaks_it_in_the_rounds_that_are_left_too(tmp_path: Path) -> None:
    edits = cells((CROWD,), coverage="0.5"), spoil(SERVER, CROWD, "surroundings", (1, 2, 4))
    made, _ = report(tmp_path, *edits, thresholds=("crowd_served_share > 0.9",))
    assert [one.word for one in made.found.thresholds] == ["not kept"]


def test_a_figure_that_one_round_lacks_may_be_worse(tmp_path: Path) -> None:
    edit = cells((CROWD,), (3,), listen_drops=None)
    made, _ = report(tmp_path, edit, thresholds=("crowd_drops < 1",))
    assert [one.word for one in made.found.thresholds] == ["cannot tell"]
    assert answer(made)[0] == "not told"


def test_a_kind_of_bad_clients_that_was_seen_in_no_round_may_be_the_worst(tmp_path: Path) -> None:
    edit = spoil(SERVER, READERS, "surroundings")
    limits = ("clients_served_share > 0.9",)
    made, _ = report(tmp_path, edit, asked="clients", thresholds=limits)
    assert [one.word for one in made.found.thresholds] == ["cannot tell"]
    assert "≤ 100%" in row(made, "right answers of good clients")


class Hangs(SimulatedServer):
    """Five of the ten requests that it had have no answer when the load ends."""

    def _told_to_end(self, settings: Settings) -> TrialResult:
        found = super()._told_to_end(settings)
        assert found.stopped
        return replace(found, stopped=replace(found.stopped, under_way=5))


def test_requests_without_an_answer_may_be_lost_in_the_rounds_of_two_as_well(
    tmp_path: Path,
) -> None:
    hangs = Hangs(2_000, ends_s=4.0)
    limits = ("lost_on_stop < 1",)
    made, found = report(tmp_path, asked="deploy", thresholds=limits, other=hangs)
    assert [one.word for one in made.found.thresholds] == ["cannot tell"]
    lost = next(one for one in found.changes if one.figure == "lost_on_stop")
    assert lost.word == "cannot tell"
    assert "0 (0 to 5)" in row(made, "requests lost")


def row(made: CheckUpReport, figure: str) -> str:
    """Of the page's tables."""
    lines = made.html.with_suffix(".md").read_text().splitlines()
    return next(line for line in lines if line.startswith(f"| {figure}"))


def test_a_lower_bound_is_written_as_one_side_by_side(tmp_path: Path) -> None:
    edit = cells((CLIENTS, READERS, HOSTILE), unanswered="60", lower_bounds="response_p99_us")
    made, _ = report(tmp_path, edit, asked="clients")
    assert row(made, "p99 of the good clients").count("≥") == 1
