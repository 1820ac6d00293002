"""What went wrong in trials of a check-up makes no answer look better, and blames no server."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.checkup.answers import clients, holds
from analysis.checkup.answers.beyond import surge_of
from analysis.checkup.answers.clients import KINDS
from analysis.checkup.figures import search_picture
from contract.checkup.description import BEYOND, CLIENTS, CLOSED, HOLDS
from contract.outcomes import not_measured
from experiments.plan.trials import Trial
from experiments.records.row_contract import Row
from tests.analysis.checkup.test_report import question, report
from tests.support.failing_check_ups import SPOILED, checked_up
from tests.support.results import a_second
from tests.support.simulated_server import SimulatedServer

pytestmark = pytest.mark.usefixtures("without_pictures")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("check-ups")


@pytest.mark.parametrize("cause", ["surroundings", "load", "probe", "lab"])
def test_a_search_that_others_spoiled_does_not_say_that_no_rate_is_held(
    folder: Path, cause: Any
) -> None:
    found = checked_up(folder, {**not_measured(cause), "reason": SPOILED}, (HOLDS,))
    assert found.words(HOLDS) == f"Not known: {SPOILED}."
    assert found.mark(HOLDS) == "not told"
    assert search_picture([found.asked]) is None


def test_a_search_whose_load_kept_no_schedule_does_not_say_so_of_the_server(folder: Path) -> None:
    late = {"validity": "generator_bound", "response_p99_us": 90_000}
    found = checked_up(folder, late, (HOLDS,))
    assert "the load could not keep the schedule of any rate" in found.words(HOLDS)
    assert found.mark(HOLDS) == "not told"


def test_a_search_that_the_server_failed_says_so(folder: Path) -> None:
    found = checked_up(folder, {**not_measured("server_gone"), "reason": SPOILED}, (HOLDS,))
    assert found.words(HOLDS).startswith("No rate that was tried")
    assert found.mark(HOLDS) == "breaks"


HANGS = {
    "requests": 5_970,
    "unanswered": 30,
    "oldest_unanswered_us": 2_900_000,
    "lower_bounds": "response_p999_us response_max_us",
}
NO_ANSWER = "30 of 6,000 requests had no answer as the window closed, the oldest for 2.90 s"


def test_a_search_whose_requests_are_not_all_answered_says_so(folder: Path) -> None:
    """The fastest of its trials are beyond the limits whatever becomes of those."""
    found = checked_up(folder, HANGS, (HOLDS,))
    assert re.fullmatch(rf"Not known: at [\d,]+/s {NO_ANSWER}\.", found.words(HOLDS))
    assert found.mark(HOLDS) == "not told"
    picture = search_picture([found.asked])
    assert picture
    assert "some without an answer" in {one.label for one in picture.panels[0].series}


class Forgets(SimulatedServer):
    """Of more than so many requests a second it forgets some."""

    from_per_s = 1_000.0

    def row(self, trial: Trial) -> Row:
        forgets = (trial.point.settings.rate_per_s or 0.0) > self.from_per_s
        return super().row(trial) | (HANGS if forgets and trial.point.sweep == HOLDS else {})


def test_a_rate_at_which_some_have_no_answer_is_not_held_and_no_end_of_it(tmp_path: Path) -> None:
    """The search goes on below it."""
    made = report(tmp_path, Forgets(2_000))
    words = question(made, HOLDS)[1]
    assert words.startswith("At least ")
    assert f"/s {NO_ANSWER}: whether they fail is not known." in words
    rate = made.found.questions[0].answer.figures["holds_per_s"]
    assert rate.low == pytest.approx(Forgets.from_per_s, rel=0.06)
    assert rate.high is None


def test_the_reason_is_of_the_trial_that_the_server_failed(folder: Path) -> None:
    asked = checked_up(folder, {}).asked
    other = {**not_measured("surroundings"), "reason": "other programs used 2 cores"}
    gone = {**not_measured("server_gone"), "reason": SPOILED}
    rows = [
        {**row, **(other if row["sweep"] == CLIENTS else gone)} if row["sweep"] in KINDS else row
        for row in asked.rows
    ]
    found = clients.answer(replace(asked, rows=rows))
    assert found.failed
    assert found.words == f"Not known: {SPOILED}."


@pytest.mark.parametrize(
    ("busy", "log", "files", "told"),
    [
        (0.95, 0.4, 0.4, "Its processor bounds it."),
        (0.7, 0.4, None, "Its own log bounds it: 70% of its processor are in use, and the engine"),
        (0.45, None, 0.5, "Its files bound it: 45% of its processor are in use, and the engine's"),
        (0.5, 0.1, 0.1, "Its processor does not bound it (50% in use at "),
        (0.5, None, None, "Its processor does not bound it (50% in use at "),
    ],
)
def test_what_bounds_it_may_be_its_own_log_or_its_files(
    folder: Path, busy: float, log: float | None, files: float | None, told: str
) -> None:
    cells = {"server_cpu_share": busy, "log_cpu_share": log, "files_cpu_share": files}
    found = checked_up(folder, cells, (HOLDS,))
    assert told in found.words(HOLDS)


@pytest.mark.parametrize(
    ("times", "told"),
    [
        (1.0, "Its processor does not bound it (50% in use at "),
        (2.0, "Its speed does not bound it: asked as fast as it can it answers "),
    ],
)
def test_one_that_is_fast_and_stands_still_at_times_waits_for_nothing_else(
    folder: Path, times: float, told: str
) -> None:
    asked = checked_up(folder, {"server_cpu_share": 0.5}, (HOLDS,)).asked
    closed = [{**row, "requests_per_s": row["requests_per_s"] * times} for row in asked.of(CLOSED)]
    others = [row for row in asked.rows if row["sweep"] != CLOSED]
    assert told in holds.answer(replace(asked, rows=[*closed, *others])).words


@pytest.mark.parametrize(("late_s", "kept"), [(None, True), (1, False), (9, False)])
def test_an_overload_that_is_served_in_time_is_no_overload(late_s: int | None, kept: bool) -> None:
    row = {"surge_s": 3.0, "error_share": 0.0, "unanswered": 0, "oldest_unanswered_us": None}
    seconds = [
        a_second(float(at), requests=1_000, response_p99_us=90_000 if at == late_s else 900)
        for at in range(12)
    ]
    surge = surge_of(row, seconds, 50)
    assert surge
    assert surge.kept is kept


@pytest.mark.parametrize(("hanging", "recovers"), [(0, True), (60, True), (600, False)])
def test_who_hangs_for_good_after_an_overload_is_in_no_second_and_has_not_recovered(
    folder: Path, hanging: int, recovers: bool
) -> None:
    """One in a hundred may; so many are left out of a 99th percentile."""
    cells = {"unanswered": hanging, "oldest_unanswered_us": 9_000_000}
    found = checked_up(folder, cells, (BEYOND,))
    (row,) = found.asked.of(BEYOND)
    seconds = [a_second(float(at), requests=1_000, response_p99_us=900) for at in range(12)]
    surge = surge_of(row, seconds, 50)
    assert surge
    assert (surge.recovers_s is not None) is recovers
    assert ("had no answer at the end" in found.words(BEYOND)) is (hanging > 0)
    young = surge_of({**row, "oldest_unanswered_us": 10_000}, seconds, 50)
    assert young
    assert young.recovers_s is not None
