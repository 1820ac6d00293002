"""What failed in one run beside another: trials, errors, and what was not compared at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.cli.commands import cli
from analysis.compare.comparison import RunComparison, compare
from analysis.compare.failure_tests import LEVEL, boschloo, welch
from analysis.compare.metrics import CANNOT_TELL, CHANGED, WITHIN_NOISE
from contract.exits import Exit
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Change = Callable[[pd.DataFrame], None]
FAILED, ERRORS, UNANSWERED = "failed_share", "error_share", "unanswered_share"
POLL = ("poll", 8, 10000)


def at(frame: pd.DataFrame, server: str, active: int, idle: int) -> pd.Series[bool]:
    chosen = (frame["server"] == server) & (frame["sweep"] != "reference")
    return chosen & (frame["active_connections"] == active) & (frame["idle_connections"] == idle)


def failing(blocks: int, cause: str | None = "server_gone", **where: Any) -> Change:
    """The first `blocks` repeats of a point are void."""

    def change(frame: pd.DataFrame) -> None:
        rows = at(frame, *where.get("point", POLL)) & (frame["block"] <= blocks)
        frame.loc[rows, "validity"] = "void"
        frame.loc[rows, "reason"] = where.get("reason", "the server ended")
        if cause:
            frame.loc[rows, "spoiled_by"] = cause

    return change


def everywhere(server: str, cause: str | None, reason: str = "it is gone") -> Change:
    def change(frame: pd.DataFrame) -> None:
        rows = frame["server"] == server
        frame.loc[rows, "validity"], frame.loc[rows, "reason"] = "void", reason
        if cause:
            frame.loc[rows, "spoiled_by"] = cause

    return change


def resets(errors: int, blocks: int = 99) -> Change:
    def change(frame: pd.DataFrame) -> None:
        rows = (frame["load"] == "connection_per_request") & (frame["backlog"] == 128)
        frame.loc[rows & (frame["block"] <= blocks), "errors"] = errors

    return change


def nothing(_: pd.DataFrame) -> None:
    return


@pytest.fixture
def compared(tmp_path: Path) -> Callable[..., RunComparison]:
    def run(first: Change, second: Change, repeats: int = 10, **options: Any) -> RunComparison:
        folders = []
        for name, seed, change in (("a", 1, first), ("b", 2, second)):
            frame = made.trials(repeats, seed=seed, noise=0.02)
            change(frame)
            folders.append(made.write_run(tmp_path / name, frame, run=name))
        return compare(folders, **options)

    return run


def rows(found: RunComparison, metric: str) -> pd.DataFrame:
    return found.figures[found.figures["metric"] == metric]


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
    found = compared(nothing, failing(7, cause))
    assert not len(rows(found, FAILED))
    assert found.exit is Exit.OK
    assert any(
        note.startswith("b: ") and "7 trials were spoiled by the lab" in note
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
    found = compared(failing(7, None), failing(7, None))
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
        ("foreign", "open /proc/sys/net/ipv4/x: no such file or directory", False),
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
def test_a_server_void_everywhere_in_both_was_not_compared(
    compared: Callable[..., RunComparison], cause: str | None
) -> None:
    gone = everywhere("poll", cause)
    found = compared(gone, gone, repeats=3)
    told = "Nothing of poll was compared: all its trials are void in every run (it is gone)."
    assert told in found.notes
    assert found.exit is Exit.CANNOT_TELL
    assert "Nothing of poll was compared" in found.summary


def test_a_server_void_at_one_point_in_both_was_compared(
    compared: Callable[..., RunComparison],
) -> None:
    found = compared(failing(99), failing(99), repeats=3)
    assert not found.uncompared
    assert found.exit is Exit.OK


def test_five_thousand_resets_a_trial_are_a_regression(
    compared: Callable[..., RunComparison],
) -> None:
    found = compared(nothing, resets(5_000), repeats=3, tolerance=0.5)
    told = rows(found, ERRORS)
    assert set(told["word"]) == {CHANGED}
    assert (
        told["text"]
        .str.fullmatch(r"worse: 1[23]% of all attempts ended in errors, none before")
        .all()
    )
    assert found.exit is Exit.REGRESSED


def test_resets_in_both_are_no_regression_and_are_told(
    compared: Callable[..., RunComparison],
) -> None:
    found = compared(resets(5_000), resets(5_000), repeats=3)
    told = rows(found, ERRORS)
    assert set(told["word"]) == {WITHIN_NOISE}
    assert told["text"].str.contains("of all attempts ended in errors").all()
    assert found.exit is Exit.OK


def test_a_reset_in_a_million_is_told_and_no_regression(
    compared: Callable[..., RunComparison],
) -> None:
    found = compared(nothing, resets(1), repeats=3)
    assert set(rows(found, ERRORS)["word"]) == {WITHIN_NOISE}
    assert found.exit is Exit.OK


def test_resets_in_one_block_alone_cannot_be_told(compared: Callable[..., RunComparison]) -> None:
    found = compared(nothing, resets(5_000, blocks=1), repeats=3)
    assert set(rows(found, ERRORS)["word"]) == {CANNOT_TELL}
    assert found.exit is Exit.CANNOT_TELL


def test_requests_without_an_answer_are_compared(compared: Callable[..., RunComparison]) -> None:
    def change(frame: pd.DataFrame) -> None:
        frame.loc[at(frame, *POLL), "unanswered"] = 900

    found = compared(nothing, change, repeats=3)
    assert rows(found, UNANSWERED)["text"].iloc[0].startswith("worse: ")
    assert "of all requests got no answer, none before" in rows(found, UNANSWERED)["text"].iloc[0]


@pytest.mark.parametrize(
    ("times", "told"), [(0.5, True), (0.005, False)], ids=["many", "those on their way"]
)
@pytest.mark.parametrize("old", [0, 1])
def test_missing_answers_that_one_run_did_not_record_cannot_be_told(
    compared: Callable[..., RunComparison], times: float, told: bool, old: int
) -> None:
    def unrecorded(frame: pd.DataFrame) -> None:
        frame["unanswered"] = None

    def silent(frame: pd.DataFrame) -> None:
        chosen = at(frame, "poll", 8, 10000)
        frame.loc[chosen, "unanswered"] = (frame.loc[chosen, "requests"] * times).astype("int64")

    found = compared(*((silent, unrecorded) if old else (unrecorded, silent)))
    mine = rows(found, "unanswered_share")
    assert found.exit is (Exit.CANNOT_TELL if told else Exit.OK)
    assert len(mine) == told
    run = ("first", "second")[old]
    assert mine["text"].str.contains(f"the {run} run did not record it").all()
    assert not mine["text"].str.contains("none").any()


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


@pytest.mark.parametrize("chance", [0.05, 0.2, 0.5])
@pytest.mark.parametrize("n", [3, 5, 10])
def test_equal_failure_rates_are_told_apart_no_oftener_than_the_level(
    n: int, chance: float
) -> None:
    """Exactly: over all outcomes of two binomials."""
    from scipy.stats import binom

    weights = binom.pmf(np.arange(n + 1), n, chance)
    found = sum(
        weights[a] * weights[b]
        for a in range(n + 1)
        for b in range(n + 1)
        if boschloo(a, b, n, n) < LEVEL
    )
    assert found <= LEVEL


@pytest.mark.parametrize("clustered", [0.0, 0.02, 0.2])
@pytest.mark.parametrize("n", [3, 5, 10])
def test_equal_error_shares_are_told_apart_no_oftener_than_the_level(
    n: int, clustered: float
) -> None:
    """Shares of 1%, spread from trial to trial by a beta distribution; a test of counts, to which
    every attempt is a sample, would be wrong more often than right where they cluster."""
    rng = np.random.default_rng(n)
    of = np.full(n, 20_000.0)
    found, naive = 0, 0
    for _ in range(1000):
        sides = []
        for _side in range(2):
            share = np.full(n, 0.01)
            if clustered:
                share = rng.beta(0.01 / clustered, 0.99 / clustered, n)
            sides.append(rng.binomial(20_000, share).astype("float64"))
        found += welch(sides[0], of, sides[1], of) < LEVEL
        total = np.array([side.sum() for side in sides])
        naive += abs(total[1] - total[0]) > 1.96 * np.sqrt(total.sum())
    assert found / 1000 <= LEVEL + 0.02
    if clustered:
        assert naive / 1000 > 0.5
