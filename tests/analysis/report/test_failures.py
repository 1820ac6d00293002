"""What the pages of servers and the first words say of failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import analysis
from analysis.report.narrative import lead, more
from analysis.report.server_page import pages
from tests.support import made_up_run as made
from tests.support.spoiled_trials import GONE, spoil, write_failing

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.records.run import Run

pytestmark = pytest.mark.usefixtures("no_pictures")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return analysis.load(write_failing(tmp_path_factory.mktemp("run")))


def test_the_page_of_a_server_has_it_in_each_row(run: Run) -> None:
    found = {page.server: page for page in pages(run)}
    told = [row.beside for row in found["poll"].rows if "10,000 idle" in row.settings]
    assert len(told) == 1
    assert told[0].startswith("failed 40%, goodput ")
    assert any(row.beside == "errors 36%, goodput 480 / s" for row in found["iterative"].rows)
    assert "It failed in 2 of 25 trials: ended or hung 2." in found["poll"].weaknesses
    assert not any("failed" in text for text in found["epoll_level"].weaknesses)


def test_nothing_speaks_for_a_server_where_it_failed_too_often(tmp_path: Path) -> None:
    epoll = {"server": "epoll_level", "active_connections": 8, "idle_connections": 10000}
    frame = made.trials(5)
    before = made.write_run(tmp_path / "a", frame)
    kept = "Idle connections cost it little: beside 10,000"
    (page,) = [one for one in pages(analysis.load(before)) if one.server == "epoll_level"]
    assert any(text.startswith(kept) for text in page.strengths)
    spoil(frame, "server_gone", 3, **epoll)
    (page,) = [
        one
        for one in pages(analysis.load(made.write_run(tmp_path / "b", frame)))
        if one.server == "epoll_level"
    ]
    assert not any(text.startswith("Idle connections cost it little") for text in page.strengths)


def test_the_first_words_tell_the_causes(run: Run) -> None:
    told = (
        "in 5 a server reached a limit of its own and 2 are void and left out of every figure "
        "(2 because the server failed)."
    )
    assert told in lead(run, [])


def test_the_first_words_tell_of_how_many_trials_a_rate_is(tmp_path: Path) -> None:
    frame = made.trials(10)
    left = "(in the 3 of 10 trials that it did not fail)"
    sound = analysis.load(made.write_run(tmp_path / "sound", frame))
    assert "that it did not fail" not in lead(sound, []) + more(sound)
    spoil(frame, "server_gone", 7, **{**GONE, "server": "epoll_level"})
    spoil(frame, "server_gone", 7, **{**GONE, "server": "thread_per_connection"})
    run = analysis.load(made.write_run(tmp_path / "failing", frame))
    assert f"requests a second {left} and poll" in lead(run, [])
    assert f"requests a second {left}." in more(run)
    spoil(frame, "surroundings", 7, **{**GONE, "server": "epoll_level"})
    spoil(frame, "load", 7, **{**GONE, "server": "thread_per_connection"})
    run = analysis.load(made.write_run(tmp_path / "disturbed", frame))
    assert "that it did not fail" not in lead(run, []) + more(run)


def test_the_first_words_write_a_tail_that_is_a_lower_bound_so(tmp_path: Path) -> None:
    frame = made.trials(3)
    frame.loc[frame["backlog"] == 128, "lower_bounds"] = "response_p999_us"
    run = analysis.load(made.write_run(tmp_path, frame))
    assert "wait 1.0" in more(run)
    assert "against ≥ 8.60 ms with 128" in more(run)


@pytest.mark.parametrize(
    ("column", "times", "words"),
    [
        ("errors", 1.0, "Up to 50% of the attempts ended in errors (a connection per request"),
        ("unanswered", 1.0, "Up to 50% of the requests got no answer (a connection per request"),
        ("unanswered", 0.005, None),
        ("errors", 0.0, None),
    ],
)
def test_errors_and_missing_answers_speak_against_a_server(
    tmp_path: Path, column: str, times: float, words: str | None
) -> None:
    frame = made.trials(3)
    mine = (frame["server"] == "epoll_level") & (frame["load"] == "connection_per_request")
    frame.loc[mine, column] = (frame.loc[mine, "requests"] * times).astype("int64")
    run = analysis.load(made.write_run(tmp_path, frame))
    (page,) = [one for one in pages(run) if one.server == "epoll_level"]
    told = [one for one in page.weaknesses if one.startswith("Up to ")]
    assert len(told) == (words is not None)
    assert all(one.startswith(words or "") for one in told)


@pytest.mark.parametrize(("errors", "speaks"), [(0.05, True), (19.0, False)])
def test_nothing_speaks_for_a_server_that_answered_most_with_errors(
    tmp_path: Path, errors: float, speaks: bool
) -> None:
    """It resets nearly all connections, which is quickly done, and serves the rest well."""
    frame = made.trials(5)
    mine = (frame["server"] == "iterative") & (frame["backlog"] == 128)
    frame.loc[mine, "requests_per_s"] *= 100
    frame.loc[mine, "server_cpu_us_per_request"] /= 100
    frame.loc[mine, "errors"] = (frame.loc[mine, "requests"] * errors).astype("int64")
    run = analysis.load(made.write_run(tmp_path, frame))
    (page,) = [one for one in pages(run) if one.server == "iterative"]
    for words in ("It answers more than", "A request costs it less CPU than"):
        assert any(text.startswith(words) for text in page.strengths) is speaks


@pytest.mark.parametrize("way", ["errors", "gone", "sound"])
def test_many_times_what_is_left_of_a_reference_that_fails_is_no_merit(
    tmp_path: Path, way: str
) -> None:
    frame = made.trials(5)
    mine = (frame["server"] == "epoll_level") & (frame["backlog"] == 128)
    frame.loc[mine, "requests_per_s"] /= 100
    frame.loc[mine, "server_cpu_us_per_request"] *= 50
    if way == "errors":
        frame.loc[mine, "errors"] = (frame.loc[mine, "requests"] * 19).astype("int64")
    elif way == "gone":
        spoil(frame, "server_gone", 1, server="epoll_level", backlog=128)
    run = analysis.load(made.write_run(tmp_path, frame))
    (page,) = [one for one in pages(run) if one.server == "iterative"]
    for words in ("It answers more than", "A request costs it less CPU than"):
        assert any(text.startswith(words) for text in page.strengths) is (way == "sound")


def test_the_memory_of_those_that_are_left_does_not_speak_for_a_server(tmp_path: Path) -> None:
    many = {"server": "epoll_level", "idle_connections": 10000}
    for blocks, told in ((0, True), (4, False)):
        frame = made.trials(5)
        spoil(frame, "server_gone", blocks, **many)
        run = analysis.load(made.write_run(tmp_path / f"{blocks}", frame))
        (page,) = [one for one in pages(run) if one.server == "epoll_level"]
        assert any("to its memory" in text for text in page.strengths) is told
