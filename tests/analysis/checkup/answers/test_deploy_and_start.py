"""What a check-up says of servers that are told to end under load, and of those that start."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.checkup.document import QuestionFound
from contract.checkup.figures import FIGURES
from tests.analysis.checkup.test_report import report
from tests.support.simulated_server import SimulatedServer


def asked(folder: Path, name: str, subject: SimulatedServer, rules: str = "") -> QuestionFound:
    found = report(folder, subject, rules).found
    return next(one for one in found.questions if one.question == name)


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
