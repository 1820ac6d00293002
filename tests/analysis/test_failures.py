"""Where a rate is shown, what it leaves out stands beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import analysis
from analysis import failures
from analysis.cli.commands import cli
from analysis.figures import all_figures
from analysis.history.trend import history
from analysis.outcomes import goodput
from analysis.outcomes.causes import Causes, causes, failed, no_evidence
from analysis.report.narrative import lead, more
from analysis.report.report import build
from analysis.report.server_page import pages
from analysis.report.summary_csv import summary
from analysis.statistics.noise_floor import warnings
from contract.void_causes import BY_SERVER, SPOILED_BY
from tests.support import made_up_run as made
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.records.run import Run

pytestmark = pytest.mark.usefixtures("no_pictures")
GONE = {"server": "poll", "active_connections": 8, "idle_connections": 10000}
SHORT = {"server": "iterative", "backlog": 5}


def spoil(frame: pd.DataFrame, cause: str | None, blocks: int = 9, **where: Any) -> None:
    put_cause(frame, chosen_of(frame, blocks, **where), cause, "what happened")


def chosen_of(frame: pd.DataFrame, blocks: int, **where: Any) -> pd.Series[bool]:
    chosen = frame["block"] <= blocks
    for name, value in where.items():
        chosen &= frame[name] == value
    return chosen


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """poll ended in two of five repeats; of what the iterative server was asked 36% are errors."""
    frame = made.trials(5)
    spoil(frame, "server_gone", 2, **GONE)
    chosen = chosen_of(frame, 9, **SHORT)
    frame.loc[chosen, ["requests", "errors"]] = [960, 540]
    return made.write_run(tmp_path_factory.mktemp("run"), frame)


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return analysis.load(folder)


@pytest.mark.parametrize("cause", [*SPOILED_BY, None])
def test_each_cause_counts_as_what_it_is(tmp_path: Path, cause: str | None) -> None:
    frame = made.trials(5)
    frame = frame[frame["outcome"] == "completed"]
    spoil(frame, cause, 2, **GONE)
    found = causes(analysis.load(made.write_run(tmp_path, frame)).trials)
    if cause == "server_starved":
        assert found == Causes(len(frame), starved=2)
        return
    place = {"server_limit": "limit", None: "unknown"}.get(
        cause, "failed" if cause in BY_SERVER else "spoiled"
    )
    lost = 2 if cause == "lab" else 0
    assert found == Causes(len(frame) - 2, **{place: 2}, lost=lost)
    assert ("no evidence" in no_evidence(found)) is (cause not in BY_SERVER)


@pytest.mark.parametrize("name", ["steal_share", "foreign_cpu_share"])
@pytest.mark.parametrize(("cause", "fails"), [("server_starved", False), ("server_wrong", True)])
def test_who_starved_while_others_had_the_machine_did_not_fail(
    tmp_path: Path, name: str, cause: str, fails: bool
) -> None:
    frame = made.trials(5)
    spoil(frame, cause, 2, **GONE)
    frame.loc[chosen_of(frame, 2, **GONE), name] = 0.95
    trials = analysis.load(made.write_run(tmp_path, frame)).trials
    assert failed(trials[chosen_of(trials, 2, **GONE)]).any() == fails


def test_shares_are_sums_over_repeats_and_failed_ones_give_nothing(run: Run) -> None:
    poll = run.trials[chosen_of(run.trials, 9, **GONE)]
    found = goodput.of_all(poll)
    kept = poll[poll["valid"]]["requests"].sum()
    assert found["failed_share"] == pytest.approx(0.4)
    assert found["goodput_per_s"] == pytest.approx(kept / (5 * 2.0))
    assert found["error_share"] == 0
    short = goodput.of_all(run.trials[chosen_of(run.trials, 9, **SHORT)])
    assert short["error_share"] == pytest.approx(0.36)
    assert short["goodput_per_s"] == pytest.approx(480)


def test_no_evidence_has_no_share(run: Run) -> None:
    assert all(np.isnan(value) for value in goodput.of_all(run.trials.head(0)).values())
    assert goodput.in_words(goodput.of_all(run.trials.head(0))) == ""


def test_where_nothing_failed_nothing_is_added(tmp_path: Path) -> None:
    frame = made.trials(5)
    clean = analysis.load(made.write_run(tmp_path, frame[frame["outcome"] == "completed"]))
    for figure in all_figures().values():
        assert not {*goodput.NAMES} & set(figure.table(clean).columns), figure.name
    assert all(not row.beside for page in pages(clean) for row in page.rows)
    assert failures.sentences(clean.trials) == ""


def test_the_tables_of_figures_have_what_the_rate_leaves_out(run: Run) -> None:
    idle = all_figures()["idle_connections"].table(run).set_index(["server", "idle_connections"])
    assert idle["failed_share"]["poll", 10000] == pytest.approx(0.4)
    assert idle["failed_share"]["poll", 0] == 0
    assert idle["goodput_per_s"]["poll", 10000] < 0.7 * idle["requests_per_s"]["poll", 10000]
    short = all_figures()["backlog"].table(run).set_index(["server", "backlog"])
    assert short["error_share"]["iterative", 5] == pytest.approx(0.36)
    assert short["error_share"]["iterative", 10] == 0
    cost = all_figures()["cpu_per_request"].table(run)
    assert "failed_share" in cost
    assert "goodput_per_s" not in cost  # there is no rate


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


def test_a_server_that_failed_under_all_loads_but_one_is_named(tmp_path: Path) -> None:
    figure = all_figures()["load_latency"]
    frame = made.trials(3)
    text = "Poll is not shown: measured under fewer than 2 loads."
    assert text not in figure.reading(analysis.load(made.write_run(tmp_path / "a", frame)))
    for active in (64, 1000):
        spoil(frame, "server_gone", server="poll", active_connections=active)
    assert text in figure.reading(analysis.load(made.write_run(tmp_path / "b", frame)))


def test_summary_csv_has_it(run: Run) -> None:
    table = summary(run)
    assert set(goodput.NAMES) <= set(table.columns)
    poll = table[(table["server"] == "poll") & (table["idle_connections"] == 10000)].iloc[0]
    assert poll["failed_share"] == pytest.approx(0.4)


def test_the_report_says_it_in_each_place(folder: Path) -> None:
    report = build(folder)
    plain, page = report.markdown.read_text(), report.html.read_text()
    for text in (plain, page):
        assert "What failed is not in these figures: poll in 2 of" in text
        assert "Attempts that ended in errors are not in the rates: iterative" in text
        assert "errors 36%, goodput 480 / s" in text
        assert "repeats failed by the server" in text
        assert "in 5 a server reached a limit of its own and 2 are void" in text
        assert "(2 because the server failed)" in text
    assert "| server_gone |" in plain.replace("\\", "").replace("server gone", "server_gone")
    done = CliRunner().invoke(cli, ["report", str(folder), "--json"])
    first = json.loads(done.stdout)["verdicts"][0]
    assert {"counted", "failed", "error_share"} <= set(first)
    table = pd.read_csv(folder / "verdicts.csv").set_index("claim")
    assert table["failed"][3] == 2
    assert "The server failed in 2 trials: 2 of 5 with server poll" in table["explanation"][3]


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


def test_a_reference_that_failed_is_a_doubt(tmp_path: Path) -> None:
    frame = made.trials(5)
    assert not any(
        "failed" in text
        for text in warnings(analysis.load(made.write_run(tmp_path / "a", frame)).trials)
    )
    spoil(frame, "server_gone", 2, sweep="reference")
    trials = analysis.load(made.write_run(tmp_path / "b", frame)).trials
    assert any("the reference server failed in 4 of 10 equal trials" in t for t in warnings(trials))


def test_a_trend_counts_failures_and_names_who_is_absent(tmp_path: Path) -> None:
    for day in (1, 2):
        frame = made.trials(3, seed=day)
        frame["started_at"] = f"2026-01-0{day}T12:00:00+00:00"
        if day == 2:
            spoil(frame, "server_gone", 2, **GONE)
            spoil(frame, "server_wrong", server="iterative")
        made.write_run(tmp_path / f"{day}", frame, seed=day)
    trend = history(tmp_path)
    poll = trend.figures[trend.figures["server"] == "poll"].set_index("run")
    assert set(poll["failed"]["2"]) == {2}
    assert set(poll["failed"]["1"]) == {0}
    told = (
        "iterative is left out: no point of it was measured in every run; it failed in 15 of 15 "
        "trials in 2."
    )
    assert told in trend.notes
    done = CliRunner().invoke(cli, ["history", str(tmp_path)])
    assert done.exit_code == 0
    assert "failed 2 of 15" in (tmp_path / "history.md").read_text()
