"""Claims on trials of which some failed: what is left decides nothing by itself, and is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import analysis
from analysis.claims.judgement import Word
from analysis.claims.verdicts import judge
from analysis.outcomes.causes import MOST_FAILED
from analysis.statistics.medians import medians
from contract.void_causes import BY_SERVER
from tests.support.claim_data import FAST, SLOW, claim, rows, with_part
from tests.support.failing_trials import IDLE, judged, spoil

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd


@pytest.mark.parametrize("cause", [one for one in BY_SERVER if one != "server_starved"])
@pytest.mark.parametrize(
    ("number", "server"), [(2, "epoll_level"), (3, "poll"), (11, "thread_per_connection")]
)
def test_fifteen_of_twenty_failed_trials_are_not_reproduced(
    tmp_path: Path, number: int, server: str, cause: str
) -> None:
    found = judged(tmp_path, number, lambda f: spoil(f, 15, cause, server=server, **IDLE))
    assert found.verdict is Word.INCONCLUSIVE
    how = "reached a limit of its own" if cause == "server_limit" else "failed"
    assert f"The server {how} in 15 trials: 15 of 20 with server" in found.explanation
    assert "decides nothing beyond 10%" in found.explanation
    assert found.failed + found.limit_reached == 15


@pytest.mark.parametrize(
    ("number", "server", "word"),
    [
        # Had all been served alike, its rate could have been any smaller one.
        (2, "epoll_level", Word.INCONCLUSIVE),
        (3, "poll", Word.REPRODUCED),
        # What threads took of memory does not depend on whom they served.
        (11, "thread_per_connection", Word.REPRODUCED),
    ],
)
def test_fifteen_of_twenty_starved_trials_decide_what_bounds_decide(
    tmp_path: Path, number: int, server: str, word: Word
) -> None:
    def starve(frame: pd.DataFrame) -> None:
        spoil(frame, 15, "server_starved", server=server, **IDLE)

    found = judged(tmp_path, number, starve)
    assert found.verdict is word
    assert "Clients were starved in 15 trials" in found.explanation
    assert (found.starved, found.failed) == (15, 0)


@pytest.mark.parametrize("cause", ["surroundings", "load", "probe", None])
@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize(
    ("blocks", "word"), [(10, Word.REPRODUCED), (11, Word.INCONCLUSIVE), (15, Word.INCONCLUSIVE)]
)
def test_half_of_the_trials_may_say_nothing_and_is_told(
    tmp_path: Path, number: int, cause: str | None, blocks: int, word: Word
) -> None:
    server = {2: "epoll_level", 3: "poll"}[number]
    found = judged(tmp_path, number, lambda f: spoil(f, blocks, cause, server=server, **IDLE))
    assert found.verdict is word
    assert f"{blocks} trials " in found.explanation
    told = f"{blocks} of 20 trials say nothing of the server: the others cannot stand for all"
    assert (told in found.explanation) is (word is Word.INCONCLUSIVE)
    assert "no evidence either way" in found.explanation
    assert found.failed == 0


@pytest.mark.parametrize(("failed", "word"), [(2, Word.REPRODUCED), (3, Word.INCONCLUSIVE)])
def test_the_share_that_may_fail_is_one_in_ten(tmp_path: Path, failed: int, word: Word) -> None:
    assert MOST_FAILED == 2 / 20
    where: dict[str, Any] = {"server": "epoll_level", **IDLE}
    found = judged(tmp_path, 2, lambda f: spoil(f, failed, "server_gone", **where))
    assert found.verdict is word
    assert f"The server failed in {failed} trials" in found.explanation


def test_failures_on_the_other_levels_of_a_line_count(tmp_path: Path) -> None:
    where: dict[str, Any] = {"server": "poll", "idle_connections": 1000, "active_connections": 8}
    assert judged(tmp_path, 36, lambda _: None).verdict is Word.REPRODUCED
    found = judged(tmp_path, 36, lambda f: spoil(f, 10, "server_gone", **where))
    assert found.verdict is Word.INCONCLUSIVE


def test_survivors_refute_no_claim_either(run_of: Callable[..., analysis.Run]) -> None:
    gone = rows(5, server="poll", validity="void", reason="it ended", spoiled_by="server_gone")
    slow = rows(5, server="poll", requests_per_s=900.0)
    assert judge(claim(), run_of(slow, SLOW)).verdict is Word.REFUTED
    found = judge(claim(), run_of(slow, [{**r, "block": r["block"] + 5} for r in gone], SLOW))
    assert found.verdict is Word.INCONCLUSIVE
    assert "5 of 10 with server poll (ended or hung 5)" in found.explanation


@pytest.mark.parametrize(("cause", "failed"), [("server_gone", 20), ("load", 0), (None, 0)])
@pytest.mark.parametrize("number", [2, 3])
def test_where_every_trial_failed_the_verdict_counts_them(
    tmp_path: Path, number: int, cause: str | None, failed: int
) -> None:
    server = {2: "epoll_level", 3: "poll"}[number]
    found = judged(tmp_path, number, lambda f: spoil(f, 20, cause, server=server, **IDLE))
    assert found.verdict is Word.INCONCLUSIVE
    assert (found.counted, found.failed) == (failed, failed)


def test_a_part_that_does_not_decide_may_fail(run_of: Callable[..., analysis.Run]) -> None:
    gone = rows(server="select", validity="void", reason="it ended", spoiled_by="server_gone")
    some = rows(1, server="select", requests_per_s=1.0)
    beside = {
        "label": "b",
        "figure": "requests_per_s",
        "of": {"server": "select"},
        "decides": False,
    }
    parts = {**claim().parameters["parts"], "beside": beside}
    asked = claim(parameters={"parts": parts, "sentence": "s"})
    assert judge(asked, run_of(FAST, SLOW, gone, some)).verdict is Word.REPRODUCED


def test_the_verdict_names_errors_beside_a_rate(run_of: Callable[..., analysis.Run]) -> None:
    failing = [{**row, "requests": 960, "errors": 540} for row in FAST]
    found = judge(claim(), run_of(failing, SLOW))
    told = "Attempts that ended in errors are not in the figures: 36% with server poll."
    assert told in found.explanation
    assert found.error_share == pytest.approx(0.36)
    assert found.verdict is Word.INCONCLUSIVE
    assert "errors" not in judge(claim(), run_of(FAST, SLOW)).explanation


@pytest.mark.parametrize(("errors", "word"), [(111, Word.REPRODUCED), (112, Word.INCONCLUSIVE)])
@pytest.mark.parametrize("server", ["poll", "epoll_level"])
def test_the_attempts_that_may_fail_are_one_in_ten(
    run_of: Callable[..., analysis.Run], server: str, errors: int, word: Word
) -> None:
    parts = [
        [
            {**row, "requests": 1000, "errors": errors if row["server"] == server else 0}
            for row in one
        ]
        for one in (FAST, SLOW)
    ]
    found = judge(claim(), run_of(*parts))
    assert found.verdict is word
    assert ("a figure of the others decides nothing beyond 10%" in found.explanation) is (
        word is Word.INCONCLUSIVE
    )


def test_a_repeat_whose_clients_waited_for_errors_counts_as_much_as_the_others(
    run_of: Callable[..., analysis.Run],
) -> None:
    failing = [
        {**row, "requests": 2, "errors": 98} if row["block"] == 1 else {**row, "requests": 10**6}
        for row in FAST
    ]
    found = judge(claim(), run_of(failing, SLOW))
    assert found.verdict is Word.INCONCLUSIVE
    assert found.error_share == pytest.approx(0.98 / 5)


def test_failed_trials_and_errors_of_others_are_added(run_of: Callable[..., analysis.Run]) -> None:
    some = [{**row, "requests": 940, "errors": 60} for row in rows(9, server="poll")]
    gone = rows(1, server="poll", validity="void", reason="it ended", spoiled_by="server_gone")
    slow = rows(10, server="epoll_level", requests_per_s=1.0)
    run = run_of(some, [{**row, "block": 10} for row in gone], slow)
    found = judge(claim(), run)
    assert found.verdict is Word.INCONCLUSIVE
    told = "15% ended in errors, failed trials counted as wholes"
    assert told in found.explanation


def test_errors_are_no_loss_where_the_claim_is_about_them(
    run_of: Callable[..., analysis.Run],
) -> None:
    failing = [{**row, "requests_per_s": 1.0, "requests": 1, "errors": 99} for row in FAST]
    about = with_part(max=0.1, about_errors=True)
    assert judge(about, run_of(failing, SLOW)).verdict is Word.REPRODUCED
    assert judge(with_part(max=0.1), run_of(failing, SLOW)).verdict is Word.INCONCLUSIVE


def test_the_verdict_names_requests_without_an_answer(run_of: Callable[..., analysis.Run]) -> None:
    silent = [{**row, "requests": 1000, "unanswered": 341} for row in FAST]
    found = judge(claim(), run_of(silent, SLOW))
    assert "Requests that got no answer: 25% with server poll." in found.explanation
    few = [{**row, "requests": 1000, "unanswered": 3} for row in FAST]
    assert "no answer" not in judge(claim(), run_of(few, SLOW)).explanation


def test_a_figure_that_was_not_measured_is_told(run_of: Callable[..., analysis.Run]) -> None:
    gaps = [{**row, "block": row["block"] + 5, "requests_per_s": None} for row in FAST]
    found = judge(claim(), run_of(FAST, gaps, SLOW))
    assert found.n == 5
    assert "The figure was not measured in 5 trials that count." in found.explanation


def test_blocks_without_a_ratio_are_told(run_of: Callable[..., analysis.Run]) -> None:
    """Infinitely better is dropped from the ratios, and so said."""
    none = [
        {**row, "requests_per_s": 0.0 if row["block"] > 5 else 1000.0}
        for row in rows(7, server="epoll_level")
    ]
    found = judge(claim(), run_of(rows(7, server="poll", requests_per_s=3000.0), none))
    assert "One side is missing, or nought, in 2 blocks for poll over epoll." in found.explanation


@pytest.mark.parametrize(("number", "server"), [(2, "epoll_level"), (3, "poll"), (6, "select")])
def test_blocks_that_lack_a_side_are_told_by_each_judge(
    tmp_path: Path, number: int, server: str
) -> None:
    """Claim 6 is of nothing idle, at 1,000 active and 64."""
    where = {"active_connections": 1000} if number == 6 else IDLE
    found = judged(tmp_path, number, lambda f: spoil(f, 2, "load", server=server, **where))
    assert "One side is missing, or nought, in 2 blocks for" in found.explanation
    clean = judged(tmp_path, number, lambda _: None)
    assert "One side is missing" not in clean.explanation


def test_no_valid_trial_says_who_failed(run_of: Callable[..., analysis.Run]) -> None:
    gone = rows(
        3, server="epoll_level", validity="void", reason="it ended", spoiled_by="server_gone"
    )
    other = rows(
        2, server="epoll_level", validity="void", reason="stolen", spoiled_by="surroundings"
    )
    found = judge(claim(), run_of(FAST, gone, other))
    assert found.verdict is Word.INCONCLUSIVE
    assert "; the server failed in 3; 2 trials were spoiled" in found.explanation


@pytest.mark.parametrize(
    ("failed", "held"), [(0, (0.93, 0.97)), (1, (0.86, 0.92)), (2, (0.78, 0.85)), (5, (0.4, 0.55))]
)
def test_what_the_slowest_failures_cost_an_interval(failed: int, held: tuple[float, float]) -> None:
    """Ten repeats, of which the slowest are lost: how often the rest holds the median of all. The
    bound of one in ten stands on this."""
    rng = np.random.default_rng(3)
    kept = np.sort(np.exp(rng.normal(0, 0.08, (4000, 10))), axis=1)[:, failed:]
    groups = np.repeat(np.arange(len(kept)), 10 - failed)
    _, low, high = medians(kept.ravel(), groups, len(kept))
    assert held[0] <= float(((low <= 1) & (high >= 1)).mean()) <= held[1]
