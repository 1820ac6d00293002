"""Claims about limits, queues and silence: what failed is what they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import analysis
from analysis.claims.claim import Claim, load_claims
from analysis.claims.judgement import Word
from analysis.claims.verdicts import Verdict, judge, judge_all
from tests.support import made_up_run as made
from tests.support.claim_data import SLOW, rows, with_part
from tests.support.failing_trials import IDLE, judged, spoil

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STARVED = "no response came in the window"


# Claim 8: the limit of select


SELECT: dict[str, Any] = {"server": "select", "idle_connections": 10000}


def test_the_limit_is_what_it_is_about_and_it_says_so(tmp_path: Path) -> None:
    found = judged(tmp_path, 8, lambda _frame: None)
    assert found.verdict is Word.REPRODUCED
    told = "reached a limit of its own in 20 trials: 20 of 20 with select beyond its limit."
    assert told in found.explanation
    assert (found.limit_reached, found.failed) == (20, 0)


def test_a_limit_that_the_machine_stood_in_for_is_no_evidence(tmp_path: Path) -> None:
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
    assert "not measured in 4 trials that count" in found.explanation


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
    """As earlier versions recorded it."""
    silent: dict[str, Any] = {"reason": STARVED, "requests": 0, "requests_per_s": 0.0}
    return rows(server="poll", validity="void", **silent, **changes)


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
    found = judge(with_part(max=0.1), run_of(silence(**changes), SLOW))
    assert found.verdict is word
    assert found.failed == 0  # what counts as nought is the figure


def test_silence_under_a_hypervisor_is_dropped_and_said(
    run_of: Callable[..., analysis.Run],
) -> None:
    stolen = [{**row, "block": row["block"] + 5} for row in silence(steal_share=0.95)]
    quiet = silence(spoiled_by="server_starved")
    base = rows(10, server="epoll_level", requests_per_s=1000.0)
    found = judge(with_part(max=0.1), run_of(quiet, stolen, base))
    assert found.verdict is Word.REPRODUCED
    assert found.n == 5
    assert "5 trials are void for a cause that was not recorded" in found.explanation


def test_other_failures_beside_silence_are_failures(run_of: Callable[..., analysis.Run]) -> None:
    wrong = rows(5, server="poll", validity="void", reason="wrong", spoiled_by="server_wrong")
    later = [{**row, "block": row["block"] + 5} for row in wrong]
    quiet = silence(spoiled_by="server_starved")
    base = rows(10, server="epoll_level", requests_per_s=1000.0)
    found = judge(with_part(max=0.1), run_of(quiet, later, base))
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
