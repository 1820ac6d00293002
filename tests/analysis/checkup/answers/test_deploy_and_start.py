"""What a check-up says of servers that are told to end under load, and of those that start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.checkup.document import QuestionFound
from analysis.checkup.thresholds import Word, judge
from contract.checkup.description import DEPLOY, START
from contract.checkup.figures import FIGURES, NAMES
from contract.outcomes import VOID, not_measured
from contract.result.trial_result import TrialResult
from contract.settings.trial import Settings
from contract.thresholds import parse
from contract.void_causes import BY_SERVER
from tests.analysis.checkup.test_report import report
from tests.support.failing_check_ups import SPOILED, CheckedUp, checked_up
from tests.support.simulated_server import SimulatedServer

pytestmark = pytest.mark.usefixtures("without_pictures")


def asked(folder: Path, name: str, subject: SimulatedServer, rules: str = "") -> QuestionFound:
    found = report(folder, subject, rules).found
    return next(one for one in found.questions if one.question == name)


def words(found: CheckedUp, question: str) -> set[Word]:
    """Of thresholds on all figures of a question that any value keeps."""
    names = [one.name for one in FIGURES if one.question == question]
    wanted = [parse(f"{name} < 1e9", NAMES, "no figure") for name in names]
    return {one.word for one in judge(wanted, found.answers, whole=True)}


def values(found: QuestionFound) -> dict[str, float]:
    return {name: one.value for name, one in found.answer.figures.items()}


def test_one_that_finishes_all_and_loses_nothing_is_good(tmp_path: Path) -> None:
    found = asked(tmp_path, "deploy", SimulatedServer(2_000), "p99_ms: 100")
    assert found.mark == "good"
    assert "ends after 400 ms. It finishes the 10 requests that it had" in found.answer.answer
    assert "300 requests found no connection before it had ended" in found.answer.answer
    assert "exit code" not in found.answer.answer
    assert values(found) == {
        "lost_on_stop": 0,
        "unfinished_on_stop": 0,
        "refused_on_stop": 300,
        "late_on_stop": 0,
        "stop_s": 0.4,
    }


@pytest.mark.parametrize(
    ("subject", "mark", "words", "lost"),
    [
        (
            SimulatedServer(2_000, unfinished=3),
            "breaks",
            "It loses 3 of the 10 requests that",
            3,
        ),
        (SimulatedServer(2_000, loses=4), "look at this", "loses 4 of the", 4),
        (
            SimulatedServer(2_000, unfinished=1, loses=4),
            "breaks",
            "that it had, and loses 4",
            5,
        ),
    ],
)
def test_what_is_lost_is_told_by_whether_it_had_it_before(
    tmp_path: Path, subject: SimulatedServer, mark: str, words: str, lost: int
) -> None:
    found = asked(tmp_path, "deploy", subject)
    assert found.mark == mark
    assert words in found.answer.answer
    assert values(found)["lost_on_stop"] == lost


def test_answers_are_late_by_the_limit_of_the_check_up(tmp_path: Path) -> None:
    found = asked(tmp_path, "deploy", SimulatedServer(2_000))
    assert values(found)["late_on_stop"] == 30, "90 ms is more than 50"
    assert found.mark == "look at this"
    assert "30 answers came later than the limit of p99" in found.answer.answer


def test_one_that_does_not_end_breaks_and_keeps_no_threshold(tmp_path: Path) -> None:
    made = report(
        tmp_path, SimulatedServer(2_000, ends_s=None), "thresholds: [lost_on_stop < 1, stop_s < 5]"
    )
    found = next(one for one in made.found.questions if one.question == "deploy")
    assert found.mark == "breaks"
    assert "SIGTERM" in found.do
    assert "has not ended 10 s later, and is killed" in found.answer.answer
    assert "lost_on_stop" not in found.answer.figures, "nobody saw what the kill has cost"
    assert found.answer.figures["stop_s"].high is None
    assert [one.word for one in made.found.thresholds] == ["not kept", "not kept"]


def test_one_that_starts_at_once_is_good(tmp_path: Path) -> None:
    found = asked(tmp_path, "start", SimulatedServer(2_000))
    assert found.mark == "good"
    assert "It listens 200 ms after its container runs, and has answered" in found.answer.answer
    assert "from the first 300 ms on" in found.answer.answer
    assert values(found)["start_deaf_s"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("subject", "do"),
    [
        (SimulatedServer(2_000, deaf_s=3), "check of readiness"),
        (SimulatedServer(2_000, steady_s=2.4), "Warm it up"),
    ],
)
def test_one_that_starts_slowly_is_looked_at(
    tmp_path: Path, subject: SimulatedServer, do: str
) -> None:
    found = asked(tmp_path, "start", subject)
    assert found.mark == "look at this"
    assert do in found.do


def test_figures_of_both_are_declared(tmp_path: Path) -> None:
    made = report(tmp_path, SimulatedServer(2_000))
    for name in ("deploy", "start"):
        found = next(one for one in made.found.questions if one.question == name)
        assert set(found.answer.figures) == {one.name for one in FIGURES if one.question == name}


@pytest.mark.parametrize("question", [DEPLOY, START])
@pytest.mark.parametrize("cause", ["surroundings", "load", "probe", "lab", ""])
def test_of_a_trial_that_others_spoiled_nothing_is_told(
    tmp_path: Path, question: str, cause: Any
) -> None:
    cells = not_measured(cause) if cause else {"validity": VOID, "spoiled_by": None}
    found = checked_up(tmp_path, {**cells, "reason": SPOILED}, (question,))
    assert found.words(question) == f"Not known: {SPOILED}."
    assert found.answers[question].figures == {}
    assert found.mark(question) == "not told"
    assert words(found, question) == {"cannot tell"}


@pytest.mark.parametrize("cause", BY_SERVER)
def test_what_the_server_failed_breaks(tmp_path: Path, cause: Any) -> None:
    cells = {**not_measured(cause), "reason": SPOILED}
    found = checked_up(tmp_path, cells, (DEPLOY, START))
    assert found.words(DEPLOY) == f"Not known: {SPOILED}."
    assert words(found, DEPLOY) == {"not kept"}
    assert "It listens 200 ms after its container runs" in found.words(START), "before any load"
    assert (found.mark(DEPLOY), found.mark(START)) == ("breaks", "breaks")


@pytest.mark.parametrize("unfinished", [0, 3])
def test_what_has_no_answer_as_the_load_ends_is_not_finished(
    tmp_path: Path, unfinished: int
) -> None:
    limits = "thresholds: [lost_on_stop < 1, unfinished_on_stop < 1, late_on_stop < 31, stop_s < 5]"
    made = report(tmp_path, SimulatedServer(2_000, unfinished=unfinished, hangs=5), limits)
    found = next(one for one in made.found.questions if one.question == DEPLOY)
    lost, most = unfinished, unfinished + 5
    assert f"It loses {lost} to {most} of the 10 requests that it had" in found.answer.answer
    assert "loses none of the" in found.answer.answer, "those all came before"
    assert "5 had no answer yet when the load ended" in found.answer.answer
    assert "35 answers came later than the limit of p99, or had not come yet" in found.answer.answer
    for name in ("lost_on_stop", "unfinished_on_stop"):
        figure = found.answer.figures[name]
        assert (figure.value, figure.low, figure.high) == (lost, lost, most)
    assert found.answer.figures["late_on_stop"].value == 35, "they have waited for 3 s"
    word = "not kept" if unfinished else "cannot tell"
    assert [one.word for one in made.found.thresholds] == [word, word, "not kept", "kept"]


class BeforeItWasKnown(SimulatedServer):
    """Which of them were under way, and for how long, was not recorded."""

    def _told_to_end(self, settings: Settings) -> TrialResult:
        found = super()._told_to_end(settings)
        assert found.stopped
        return replace(found, stopped=replace(found.stopped, had_under_way=None, under_way_ms=None))


def test_of_runs_recorded_before_all_of_them_may_be_the_ones(tmp_path: Path) -> None:
    found = asked(tmp_path, DEPLOY, BeforeItWasKnown(2_000, hangs=5), "p99_ms: 100")
    assert "It loses 0 to 5 of the 10 requests that it had, and loses 0 to 5 of the" in (
        found.answer.answer
    )
    late = found.answer.figures["late_on_stop"]
    assert (late.value, late.high) == (0, 5)
    assert found.mark == "not told"


def test_one_that_goes_on_after_the_load_is_not_good_by_what_it_did_not_show(
    tmp_path: Path,
) -> None:
    found = asked(tmp_path, DEPLOY, SimulatedServer(2_000, hangs=5, ends_s=4.0), "p99_ms: 5000")
    assert found.mark == "not told", "0 to 5 are lost, and none is late"
