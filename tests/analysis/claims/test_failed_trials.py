"""Claims on trials of which some failed: what is left decides nothing by itself, and is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.claims.claim import Claim, load_claims
from analysis.claims.judgement import MOST_FAILED, Judgement, Part, Word, most_telling
from analysis.claims.verdicts import Verdict, judge, judge_all
from analysis.statistics.estimates import Estimate, estimate
from analysis.statistics.medians import medians
from contract.void_causes import BY_SERVER
from tests.analysis.claims.test_compare_judge import FAST, SLOW, claim, rows, run_of, with_part
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["run_of"]
IDLE: dict[str, Any] = {"idle_connections": 10000, "active_connections": 8}
STARVED = "no response came in the window"


def judged(tmp_path: Path, number: int, change: Callable[[pd.DataFrame], None]) -> Verdict:
    frame = made.trials(20, noise=0.005)
    change(frame)
    (found,) = judge_all(analysis.load(made.write_run(tmp_path, frame, claims=[number])))
    return found


def spoil(
    frame: pd.DataFrame, blocks: int, cause: str | None, reason: str = "wrong answer", **where: Any
) -> None:
    chosen = frame["block"] <= blocks
    for name, value in where.items():
        chosen &= frame[name] == value
    frame.loc[chosen, "validity"], frame.loc[chosen, "reason"] = "void", reason
    frame.loc[chosen, "spoiled_by"] = cause


@pytest.mark.parametrize("cause", BY_SERVER)
@pytest.mark.parametrize(
    ("number", "server"), [(2, "epoll_level"), (3, "poll"), (11, "thread_per_connection")]
)
def test_fifteen_of_twenty_failed_trials_are_not_reproduced(
    tmp_path: Path, number: int, server: str, cause: str
) -> None:
    found = judged(tmp_path, number, lambda f: spoil(f, 15, cause, server=server, **IDLE))
    assert found.verdict is Word.INCONCLUSIVE
    assert "The server failed in 15 trials: 15 of 20 with server" in found.explanation
    assert "decides nothing beyond 10%" in found.explanation
    assert found.failed == 15


@pytest.mark.parametrize("cause", ["surroundings", "load", "probe", None])
@pytest.mark.parametrize("number", [2, 3])
def test_fifteen_of_twenty_that_others_spoiled_are_told_and_no_evidence(
    tmp_path: Path, number: int, cause: str | None
) -> None:
    server = {2: "epoll_level", 3: "poll"}[number]
    found = judged(tmp_path, number, lambda f: spoil(f, 15, cause, server=server, **IDLE))
    assert found.verdict is Word.REPRODUCED
    assert "15 trials " in found.explanation
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
    found = judged(tmp_path, 3, lambda f: spoil(f, 10, "server_gone", **where))
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
    assert "errors" not in judge(claim(), run_of(FAST, SLOW)).explanation


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
    assert "The figure was not measured in 5 valid trials." in found.explanation


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


# Claim 8: the limit


SELECT: dict[str, Any] = {"server": "select", "idle_connections": 10000}


def test_the_wall_is_about_the_failure_and_says_it(tmp_path: Path) -> None:
    def change(frame: pd.DataFrame) -> None:
        frame.loc[(frame["server"] == "select") & (frame["validity"] == "void"), "spoiled_by"] = (
            "server_limit"
        )

    found = judged(tmp_path, 8, change)
    assert found.verdict is Word.REPRODUCED
    assert "20 of 20 with select beyond its limit (met a limit 20)" in found.explanation


def test_a_wall_that_the_machine_stood_in_for_is_no_evidence(tmp_path: Path) -> None:
    found = judged(tmp_path, 8, lambda f: spoil(f, 3, "surroundings", "stolen", **SELECT))
    assert found.verdict is Word.REPRODUCED
    assert "in 17 trials" in found.explanation
    found = judged(tmp_path, 8, lambda f: spoil(f, 20, "surroundings", "stolen", **SELECT))
    assert found.verdict is Word.INCONCLUSIVE


@pytest.mark.parametrize(("failed", "word"), [(2, Word.REPRODUCED), (18, Word.INCONCLUSIVE)])
def test_another_server_reaches_only_what_it_reaches_nearly_always(
    tmp_path: Path, failed: int, word: Word
) -> None:
    found = judged(tmp_path, 8, lambda f: spoil(f, failed, "server_gone", server="poll", **IDLE))
    assert found.verdict is word
    assert ("poll did not, or not always" in found.explanation) is (failed > 2)


# Claim 14: the queue


def queue(tmp_path: Path, depths: list[float | None]) -> Verdict:
    frame = made.trials(len(depths), noise=0.005)
    for block, depth in enumerate(depths, 1):
        chosen = (frame["server"] == "iterative") & (frame["backlog"] == 10)
        frame.loc[chosen & (frame["block"] == block), "full_queue_depth"] = (
            pd.NA if depth is None else depth
        )
    (found,) = judge_all(analysis.load(made.write_run(tmp_path, frame, claims=[14])))
    return found


def test_a_depth_read_in_one_repeat_of_five_is_open(tmp_path: Path) -> None:
    found = queue(tmp_path, [11, None, None, None, None])
    assert found.verdict is Word.INCONCLUSIVE
    assert "1 valid repeat of queue at backlog 10" in found.explanation
    assert "not measured in 4 valid trials" in found.explanation


@pytest.mark.parametrize(
    ("depths", "word", "told"),
    [
        ([11, 11, 11, 11, 11], Word.REPRODUCED, "11 at 10"),
        (
            [12, 13, 13, 12, 11],
            Word.REFUTED,
            "11 in 1 repeat, 12 in 2 repeats or 13 in 2 repeats at 10",
        ),
        ([9, 9, 9, 9, 11], Word.INCONCLUSIVE, "9 in 4 repeats or 11 in 1 repeat at 10"),
        ([12, 11, 11, 11, 11], Word.INCONCLUSIVE, "11 in 4 repeats or 12 in 1 repeat at 10"),
    ],
)
def test_each_repeat_of_the_queue_counts_by_itself(
    tmp_path: Path, depths: list[float | None], word: Word, told: str
) -> None:
    found = queue(tmp_path, depths)
    assert found.verdict is word
    assert told in found.explanation


# Claim 30: silence


def silence(**changes: Any) -> list[dict[str, Any]]:
    return rows(server="poll", validity="void", reason=STARVED, **changes)


SILENT: dict[str, tuple[dict[str, Any], Word]] = {
    "the server": ({"spoiled_by": "server_starved"}, Word.REPRODUCED),
    "unknown, quiet": ({}, Word.REPRODUCED),
    "the surroundings": ({"spoiled_by": "surroundings"}, Word.INCONCLUSIVE),
    "the load": ({"spoiled_by": "load"}, Word.INCONCLUSIVE),
    "unknown, stolen": ({"steal_share": 0.95}, Word.INCONCLUSIVE),
    "the server, stolen": (
        {"spoiled_by": "server_starved", "steal_share": 0.95},
        Word.INCONCLUSIVE,
    ),
    "unknown, others": ({"foreign_cpu_share": 0.9}, Word.INCONCLUSIVE),
    "unknown, not measured": ({"steal_share": None}, Word.INCONCLUSIVE),
}


@pytest.mark.parametrize("name", SILENT)
def test_silence_counts_as_nought_where_the_server_is_silent(
    run_of: Callable[..., analysis.Run], name: str
) -> None:
    changes, word = SILENT[name]
    asked = with_part(max=0.1, zero_if="no response")
    found = judge(asked, run_of(silence(**changes), SLOW))
    assert found.verdict is word
    assert found.failed == 0  # what counts as nought is the figure


def test_silence_under_a_hypervisor_is_dropped_and_said(
    run_of: Callable[..., analysis.Run],
) -> None:
    stolen = [{**row, "block": row["block"] + 5} for row in silence(steal_share=0.95)]
    quiet = silence(spoiled_by="server_starved")
    base = rows(10, server="epoll_level", requests_per_s=1000.0)
    found = judge(with_part(max=0.1, zero_if="no response"), run_of(quiet, stolen, base))
    assert found.verdict is Word.REPRODUCED
    assert found.n == 5
    assert "5 trials are void for a cause that was not recorded" in found.explanation


def test_other_failures_beside_silence_are_failures(run_of: Callable[..., analysis.Run]) -> None:
    wrong = rows(5, server="poll", validity="void", reason="wrong", spoiled_by="server_wrong")
    later = [{**row, "block": row["block"] + 5} for row in wrong]
    quiet = silence(spoiled_by="server_starved")
    base = rows(10, server="epoll_level", requests_per_s=1000.0)
    found = judge(with_part(max=0.1, zero_if="no response"), run_of(quiet, later, base))
    assert found.verdict is Word.INCONCLUSIVE
    assert found.failed == 5


def test_a_claim_about_a_limit_counts_the_trials_that_met_it() -> None:
    overflow = Claim.model_validate(load_claims()[31]).parameters["parts"]["overflow"]
    assert overflow["with_failed"]


def test_with_failed_takes_the_figure_of_failed_trials(run_of: Callable[..., analysis.Run]) -> None:
    gone = rows(
        server="poll",
        validity="void",
        reason="r",
        spoiled_by="server_limit",
        server_limit="sigpending: full",
    )
    part = {"figure": "names(server_limit, 'sigpending')", "over": None, "unit": None, "min": 1}
    assert judge(with_part(**part), run_of(gone)).verdict is Word.INCONCLUSIVE
    assert judge(with_part(**part, with_failed=True), run_of(gone)).verdict is Word.REPRODUCED


# The worst of several parts


def test_the_worst_of_many_equal_parts_refutes_no_oftener_than_one() -> None:
    """Each part is exactly at its bound, and its interval outside in 2.5% of runs."""
    rng = np.random.default_rng(8)
    parts, runs = 8, 600
    alone, together = 0, 0
    for _ in range(runs):
        found = [estimate(np.exp(rng.normal(0, 0.08, 5))) for _ in range(parts)]
        made_of = [Part(str(n), one, low=1.0) for n, one in enumerate(found)]
        alone += any(part.verdict is Word.REFUTED for part in made_of)
        whole = Judgement(tuple(made_of), "", most_telling(made_of))
        together += whole.verdict is Word.REFUTED
    assert alone / runs > 0.12
    assert together / runs <= 0.025 + 0.02


def test_a_part_far_outside_refutes_whatever_stands_beside_it() -> None:
    good = Part("good", estimate([1.0, 1.01, 1.02, 1.0, 0.99]), low=0.5)
    bad = Part("bad", estimate([0.2, 0.21, 0.2, 0.22, 0.2]), low=0.5)
    assert Judgement((good, bad, good), "", bad).verdict is Word.REFUTED
    edge = Part("edge", Estimate(0.45, 0.42, 0.49, 5, "Student's t", 0.05), low=0.5)
    assert Judgement((edge,), "", edge).verdict is Word.REFUTED
    several = Judgement((good, edge, good), "", edge)
    assert several.verdict is Word.INCONCLUSIVE
    assert "one of 3 parts" in several.parts[1].why


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
