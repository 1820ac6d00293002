"""Trials that failed in one run beside another, and what was not compared at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.cli.commands import cli
from analysis.compare.comparison import RunComparison
from analysis.compare.metrics import CANNOT_TELL, CHANGED
from contract.exits import Exit
from tests.support import made_up_run as made
from tests.support.failing_runs import FAILED, everywhere, failing, nothing, rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("options", [{}, {"tolerance": 0.9}, {"metrics": ["response_p999_us"]}])
def test_a_server_that_crashed_in_seven_of_ten_is_worse_whatever_is_asked(
    compared: Callable[..., RunComparison], options: dict[str, Any]
) -> None:
    found = compared(nothing, failing(7), **options)
    row = rows(found, FAILED).iloc[0]
    assert row["text"] == "worse: it fails in 7 of 10 trials, in none of 10 before"
    assert row["word"] == CHANGED
    assert found.exit is Exit.REGRESSED
    assert "of what failed" in found.summary


def test_the_other_way_round_it_is_better(compared: Callable[..., RunComparison]) -> None:
    found = compared(failing(7), nothing)
    row = rows(found, FAILED).iloc[0]
    assert row["text"] == "better: it fails in none of 10 trials, in 7 of 10 before"
    assert found.exit is Exit.OK


def test_as_many_failures_as_before_are_told_and_no_regression(
    compared: Callable[..., RunComparison],
) -> None:
    found = compared(failing(7), failing(7))
    row = rows(found, FAILED).iloc[0]
    assert row["text"] == "it fails in 7 of 10 trials, in 7 of 10 before"
    assert found.exit is Exit.OK


def test_a_rise_that_may_be_chance_is_not_called_noise(
    compared: Callable[..., RunComparison],
) -> None:
    found = compared(nothing, failing(2))
    row = rows(found, FAILED).iloc[0]
    assert row["word"] == CANNOT_TELL
    assert row["text"] == "cannot tell: it fails in 2 of 10 trials, in none of 10 before"
    assert found.exit is Exit.CANNOT_TELL


@pytest.mark.parametrize("cause", ["surroundings", "load", "probe"])
def test_two_of_ten_that_nothing_else_spoiled_pass_nothing(
    compared: Callable[..., RunComparison], cause: str
) -> None:
    found = compared(nothing, failing(8, cause, reason="the hypervisor took 95%"))
    mine = rows(found, "requests_per_s").set_index("word").loc[CANNOT_TELL, "text"]
    assert mine == "cannot tell: in the second run, 8 of 10 trials say nothing of the server"
    assert found.exit is Exit.CANNOT_TELL


def test_what_is_left_of_a_failure_says_so(compared: Callable[..., RunComparison]) -> None:
    found = compared(nothing, failing(7))
    figures = found.figures[at_point(found)]
    assert figures["text"].str.endswith(", of the 3 of 10 trials that it did not fail").all()
    others = found.figures[~found.figures["key"].isin(figures["key"])]
    assert not others["text"].str.contains("did not fail").any()


def at_point(found: RunComparison) -> pd.Series[bool]:
    failing = rows(found, FAILED)["key"]
    return found.figures["key"].isin(failing) & (found.figures["metric"] != FAILED)


def test_failures_of_all_points_of_a_server_add_up(compared: Callable[..., RunComparison]) -> None:
    """One of three repeats is chance at a point, and none at five of them."""

    def change(frame: pd.DataFrame) -> None:
        for active, idle in ((8, 0), (8, 1000), (8, 10000), (64, 0), (1000, 0)):
            failing(1, point=("poll", active, idle))(frame)

    found = compared(nothing, change, repeats=3)
    whole = rows(found, FAILED).set_index("point").loc["poll: all its points"]
    assert whole["text"] == "worse: it fails in 5 of 15 trials, in none of 15 before"
    assert found.exit is Exit.REGRESSED


@pytest.mark.parametrize("cause", ["load", "probe", "surroundings"])
def test_what_others_spoiled_is_no_failure_and_is_said(
    compared: Callable[..., RunComparison], cause: str
) -> None:
    found = compared(nothing, failing(5, cause))
    assert not len(rows(found, FAILED))
    assert found.exit is Exit.OK
    assert any(
        note.startswith("b: ") and "5 trials were spoiled by the lab" in note
        for note in found.notes
    )


def test_seven_voids_of_unknown_cause_cannot_be_told(
    compared: Callable[..., RunComparison],
) -> None:
    found = compared(nothing, failing(7, None))
    row = rows(found, FAILED).iloc[0]
    assert row["text"].startswith("cannot tell: void in 7 of 10 for a cause that was not recorded")
    assert found.exit is Exit.CANNOT_TELL
    assert any("7 trials are void for a cause that was not recorded" in n for n in found.notes)


def test_as_many_of_unknown_cause_as_before_are_only_said(
    compared: Callable[..., RunComparison],
) -> None:
    found = compared(failing(5, None), failing(5, None))
    assert not len(rows(found, FAILED))
    assert sum("cause that was not recorded" in note for note in found.notes) == 2


def test_what_the_machine_lacks_is_no_failure(compared: Callable[..., RunComparison]) -> None:
    lacks = "the server ended with exit code 3 io_uring is not allowed here"
    gone = everywhere("poll", "server_gone", lacks)
    found = compared(gone, gone, repeats=3)
    assert not len(rows(found, FAILED).query("server == 'poll'"))
    assert not found.uncompared


@pytest.mark.parametrize(
    ("origin", "reason", "fails"),
    [
        ("lab", "the server ended with exit code 3 no such system call", False),
        ("foreign", "the server ended with exit code 3 no such system call", True),
        ("lab", "the server ended with exit code 33", True),
        # A server that was started may say what it likes.
        ("foreign", "open /proc/sys/net/ipv4/x: no such file or directory", True),
    ],
)
def test_exit_code_3_says_what_the_machine_lacks_of_the_labs_own_servers_alone(
    compared: Callable[..., RunComparison], origin: str, reason: str, fails: bool
) -> None:
    def first(frame: pd.DataFrame) -> None:
        frame.loc[frame["server"] == "poll", "origin"] = origin

    def then(frame: pd.DataFrame) -> None:
        first(frame)
        failing(7, reason=reason)(frame)

    found = compared(first, then)
    assert bool(len(rows(found, FAILED))) is fails


@pytest.mark.parametrize("cause", ["server_gone", "surroundings", None])
def test_a_server_that_neither_run_measured_was_not_compared(
    compared: Callable[..., RunComparison], cause: str | None
) -> None:
    gone = everywhere("poll", cause)
    found = compared(gone, gone, repeats=3)
    told = "Nothing of poll was compared: it was measured in no run (it is gone)."
    assert told in found.notes
    assert found.exit is Exit.CANNOT_TELL
    assert "Nothing of poll was compared" in found.summary


def test_a_server_not_measured_at_one_point_in_both_was_compared(
    compared: Callable[..., RunComparison],
) -> None:
    found = compared(failing(99), failing(99), repeats=3)
    assert not found.uncompared
    assert found.exit is Exit.OK


def test_the_command_and_its_files_tell_what_failed(tmp_path: Path) -> None:
    frame = made.trials(10, seed=2, noise=0.02)
    failing(7)(frame)
    a = made.write_run(tmp_path / "a", made.trials(10, seed=1, noise=0.02), run="a")
    b = made.write_run(tmp_path / "b", frame, run="b")
    done = CliRunner().invoke(cli, ["compare", str(a), str(b), "--output", str(tmp_path)])
    assert done.exit_code == Exit.REGRESSED
    assert "it fails in 7 of 10 trials" in done.output
    for end in ("html", "md", "csv"):
        assert "it fails in 7 of 10 trials" in (tmp_path / f"comparison.{end}").read_text()
    done = CliRunner().invoke(cli, ["compare", str(a), str(b), "--json", "--output", str(tmp_path)])
    regressions = json.loads(done.stdout)["regressions"]
    assert [row["metric"] for row in regressions] == [FAILED]


def test_failures_within_noise_stand_in_the_page(tmp_path: Path) -> None:
    folders = []
    for name, seed in (("a", 1), ("b", 2)):
        frame = made.trials(3, seed=seed, noise=0.02)
        failing(3)(frame)
        folders.append(str(made.write_run(tmp_path / name, frame, run=name)))
    done = CliRunner().invoke(cli, ["compare", *folders, "--output", str(tmp_path)])
    for text in (done.output, (tmp_path / "comparison.md").read_text()):
        assert "it fails in 3 of 3 trials, in 3 of 3 before" in text


@pytest.mark.parametrize(
    ("held", "end"), [(1016, Exit.OK), (1000, Exit.OK), (700, Exit.REGRESSED), (16, Exit.REGRESSED)]
)
def test_how_far_a_server_went_that_reached_its_limit_is_compared(
    compared: Callable[..., RunComparison], held: int, end: Exit
) -> None:
    def stops(frame: pd.DataFrame) -> None:
        mine = frame["validity"] == "limit_reached"
        frame.loc[mine, ["idle_established", "server_established"]] = held

    found = compared(nothing, stops)
    told = found.figures[found.figures["metric"] == "unheld_share"]
    assert set(told["server"]) == {"select"}
    assert found.exit is end
    if held == 16:
        assert "worse: at its limit it did not hold 100% of what was asked for, 90% before" in set(
            told["text"]
        )
    assert compared(stops, nothing).exit is Exit.OK
    assert compared(stops, stops).exit is Exit.OK
