"""What is told of habits: seen limits, limits that were not seen, and cases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.checkup.document import CheckUpFound, QuestionFound
from analysis.checkup.report import build
from contract.checkup.description import HABITS
from contract.habits.cases import CASES, PIPELINED, PLAIN
from contract.result.habits import CaseSeen, Habits, Silence
from tests.support.seen_habits import good_habits, with_cases
from tests.support.simulated_run import simulated_run
from tests.support.simulated_server import SimulatedServer

pytestmark = pytest.mark.usefixtures("without_pictures")


def asked(folder: Path, habits: Habits) -> QuestionFound:
    return whole(folder, habits).questions[-1]


def whole(folder: Path, habits: Habits) -> CheckUpFound:
    server = SimulatedServer(2_000, habits=habits)
    run = simulated_run(folder, server, beside=(), asked=HABITS)
    run.go_on()
    made = build(run.store.folder)
    assert made
    assert made.found.questions[-1].question == "habits"
    return made.found


def ends(found: QuestionFound, name: str) -> tuple[float | None, float | None]:
    figure = found.answer.figures[name]
    return (figure.low, figure.high) if figure.interval else (figure.value, figure.value)


def test_what_was_not_seen_to_end_is_told_as_at_least(tmp_path: Path) -> None:
    found = asked(tmp_path, good_habits())
    told = found.answer.answer
    assert "It serves at least 1,200 requests on a connection, and answers 10 of 10 in one" in told
    assert "It ends a silent connection 5 s after its last answer, 10 s after its head" in told
    assert "(with 408)" in told
    assert "No time-out was seen within 20 s before a first byte." in told
    assert "HTTP/1.0 gets 200 and is closed; with keep-alive it is kept." in told
    assert ends(found, "habits_requests") == (1_200, None)
    assert ends(found, "habits_idle_s") == (5, 5)
    assert ends(found, "habits_silent_s") == (20, None)
    assert ends(found, "habits_backlog") == (128, 128)
    assert "Its backlog is 128." in told
    assert found.mark == "good"


def test_a_limit_that_was_seen_is_no_lower_bound(tmp_path: Path) -> None:
    found = asked(tmp_path, good_habits(requests_answered=100, requests_asked=101))
    assert "It closes a connection after 100 requests" in found.answer.answer
    assert ends(found, "habits_requests") == (100, 100)


@pytest.mark.parametrize(
    ("habits", "words", "wanted"),
    [
        (
            {"requests_answered": 5, "requests_asked": 6, "requests_status": 429},
            "It serves 5 requests on a connection, then answers 429, and answers 10 of 10",
            (5, 5),
        ),
        (
            {"requests_answered": 56, "requests_asked": 57, "requests_open": True},
            "It serves at least 56 requests on a connection, leaves one without an answer, and",
            (56, None),
        ),
        (
            {"requests_answered": 0, "requests_asked": 1, "requests_open": True},
            "It serves at least 2 requests on a connection, leaves one without an answer, and",
            (2, None),
        ),
    ],
)
def test_a_refusal_is_a_limit_and_a_pause_is_none(
    tmp_path: Path, habits: dict[str, Any], words: str, wanted: tuple[float, float | None]
) -> None:
    found = asked(tmp_path, good_habits(**habits))
    assert found.answer.answer.startswith(words)
    assert ends(found, "habits_requests") == wanted
    assert found.mark == "good"


def test_one_that_answers_once_on_a_connection_does_not_close_it(tmp_path: Path) -> None:
    habits = good_habits(requests_answered=1, requests_asked=2, requests_open=True)
    found = asked(tmp_path, with_cases(habits, **{PLAIN: CaseSeen((200,), "open")}))
    told = "It answers a request on a connection, and leaves the next without an answer"
    assert found.answer.answer.startswith(told)
    assert ends(found, "habits_requests") == (1, 1)


def test_a_pipeline_that_is_refused_is_not_answered(tmp_path: Path) -> None:
    found = asked(
        tmp_path, with_cases(good_habits(), **{PIPELINED: CaseSeen((200, 400), "closed")})
    )
    assert "answers 1 of 10 in one write" in found.answer.answer


def test_one_that_closes_after_each_answer_is_to_be_looked_at(tmp_path: Path) -> None:
    habits = good_habits(
        requests_answered=1,
        requests_asked=2,
        silences={"silent": Silence(None), "head": Silence(None)},
    )
    found = asked(tmp_path, with_cases(habits, **{PLAIN: CaseSeen((200,), "closed")}))
    assert "It closes a connection after each answer" in found.answer.answer
    assert found.mark == "look at this"
    assert "keep-alive" in found.do
    assert "habits_idle_s" not in found.answer.figures


@pytest.mark.parametrize(
    ("case", "seen", "counts"),
    [
        ("no_host", CaseSeen((200,), "kept"), {"habits_must": 1, "habits_smuggles": 0}),
        ("two_lengths", CaseSeen((200,), "kept"), {"habits_must": 1, "habits_smuggles": 1}),
        ("unknown_coding", CaseSeen((400,), "closed"), {"habits_must": 0, "habits_should": 1}),
        ("bare_lf", CaseSeen((400,), "closed"), {"habits_must": 0, "habits_should": 0}),
    ],
)
def test_must_and_should_are_counted_apart(
    tmp_path: Path, case: str, seen: CaseSeen, counts: dict[str, int]
) -> None:
    found = asked(tmp_path, with_cases(good_habits(), **{case: seen}))
    figures = found.answer.figures
    assert {name: figures[name].value for name in counts} == counts
    marks = "look at this" if counts["habits_must"] else "good"
    assert found.mark == marks
    assert ("Servers may read these differently" in found.answer.answer) == bool(
        counts.get("habits_smuggles")
    )


def test_each_case_is_in_the_document_with_its_section(tmp_path: Path) -> None:
    habits = with_cases(good_habits(), no_host=CaseSeen((200,), "kept"))
    found = asked(tmp_path, habits)
    assert [one.case for one in found.answer.cases] == [one.name for one in CASES]
    first = found.answer.cases[0]
    assert (first.section, first.level, first.wanted) == ("RFC 9112, 3.2", "MUST", "400")
    assert (first.seen, first.kept) == ("200, stays open", False)
    may = found.answer.cases[-1]
    assert (may.level, may.kept) == ("MAY", None)
    page = (tmp_path / "checkup" / "run-1" / "report.html").read_text()
    assert "✗ 200, stays open" in page
    assert "RFC 9112, 6.1 and 6.3" in page


def test_a_server_that_could_not_be_asked_is_not_judged(tmp_path: Path) -> None:
    found = asked(tmp_path, Habits(reason="the plain request was not answered"))
    assert found.mark == "not told"
    assert found.answer.answer == "Not known: the plain request was not answered."


def test_a_crowd_of_silent_connections_is_told(tmp_path: Path) -> None:
    known: dict[str, Any] = {"crowded": True, "silences": {"answered": Silence(None)}}
    found = asked(tmp_path, good_habits(**known))
    assert "No time-out was seen within 20 s after an answer." in found.answer.answer
    assert "Silent connections take the places of others." in found.answer.answer
    assert "habits_head_s" not in found.answer.figures


FIRST = CASES[0].name
PART = Habits(
    reason="the cases took longer than 60 s",
    cases={PLAIN: CaseSeen((200,), "kept"), FIRST: good_habits().cases[FIRST]},
    pipelined=10,
)


@pytest.mark.parametrize(
    ("name", "amount"),
    [
        ("habits_must", sum(one.level == "MUST" for one in CASES) - 1),
        ("habits_smuggles", sum(one.smuggles for one in CASES)),
    ],
)
def test_cases_that_were_not_asked_may_not_be_kept(tmp_path: Path, name: str, amount: int) -> None:
    found = asked(tmp_path, PART)
    assert "Not all was asked: the cases took longer than 60 s." in found.answer.answer
    assert ends(found, name) == (0, amount)
    assert found.mark == "not told"


def test_a_case_that_is_not_kept_is_marked_though_not_all_was_asked(tmp_path: Path) -> None:
    found = asked(tmp_path, with_cases(PART, **{FIRST: CaseSeen((200,), "kept")}))
    assert found.mark == "look at this"


def test_cases_that_cannot_be_told_may_not_be_kept(tmp_path: Path) -> None:
    """Of a server that closes each connection some never can: they keep no threshold, and are
    nothing to mark."""
    untold = ("space_after_start_line", "bare_cr")
    closing = with_cases(
        good_habits(), **{name: CaseSeen((200,), "closed") for name in (PLAIN, *untold)}
    )
    found = asked(tmp_path, closing)
    unknown = {one.case for one in found.answer.cases if one.level != "MAY" and one.kept is None}
    assert set(untold) <= unknown
    smuggled = sum(one.smuggles for one in CASES if one.name in unknown)
    assert ends(found, "habits_smuggles") == (0, smuggled)
    assert found.mark == "good"


def test_one_that_runs_and_takes_no_connection_any_more_breaks(tmp_path: Path) -> None:
    after = f"it takes no connection any more after the case `{FIRST}`: timed out"
    found = asked(tmp_path, replace(PART, reason=after, deaf=True))
    assert f"Not all was asked: {after}." in found.answer.answer
    assert "It still runs, and takes no connection any more." in found.answer.answer
    assert found.mark == "breaks"
    assert not found.answer.figures
